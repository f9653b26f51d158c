import { readFile } from "node:fs/promises";
import { Redis } from "ioredis";
import { Failure, reason } from "./failure.ts";

export interface RedisServer {
  url: string;
  passwordFile: string | undefined;
}

/** Runs `work` on a connection of its own, which never waits for a Redis that is away. */
export async function withRedis<T>(server: RedisServer, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(server.url, {
    password: await password(server.passwordFile),
    lazyConnect: true,
    connectTimeout: 5_000,
    commandTimeout: 10_000,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
  });
  // The command that fails tells it.
  redis.on("error", () => undefined);
  try {
    await redis.connect();
    return await work(redis);
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure(`Redis at ${new URL(server.url).host} did not answer: ${reason(cause)}.`, { cause });
  } finally {
    redis.disconnect();
  }
}

/** Every key that begins with `prefix`, which holds no glob characters. */
export async function keysUnder(redis: Redis, prefix: string): Promise<string[]> {
  const found: string[] = [];
  let cursor = "0";
  do {
    const [next, keys] = await redis.scan(cursor, "MATCH", `${prefix}*`, "COUNT", 1_000);
    cursor = next;
    found.push(...keys);
  } while (cursor !== "0");
  return found;
}

async function password(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw new Failure(`Redis's password file cannot be read: ${reason(error)}.`);
  });
  return text.trimEnd();
}
