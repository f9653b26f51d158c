import { readFile } from "node:fs/promises";
import { Redis } from "ioredis";
import { routesRoot } from "../../components/platform/index.ts";
import { dataPaths } from "../paths.ts";
import type { Settings } from "../settings.ts";

/** True when Redis takes our password and answers. Throws when it is another environment's. */
export async function redisAnswers(settings: Settings): Promise<boolean> {
  try {
    return await withRedis(settings, async (redis) => (await redis.ping()) === "PONG");
  } catch (error) {
    if (/WRONGPASS|NOAUTH/.test((error as Error).message)) {
      throw new Error(
        `Redis on port ${settings.redisPort} refuses our password: it is another environment's.`,
        {
          cause: error,
        },
      );
    }
    return false;
  }
}

/** Makes sure that the tree of routes is not empty. */
export async function ensureRoutesRoot(settings: Settings): Promise<void> {
  await withRedis(settings, (redis) => redis.set(routesRoot.key, routesRoot.value, "NX"));
}

/** Takes everything out of it. */
export async function flush(settings: Settings): Promise<void> {
  await withRedis(settings, (redis) => redis.flushall());
}

async function withRedis<T>(settings: Settings, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis({
    host: "127.0.0.1",
    port: settings.redisPort,
    password: (await readFile(dataPaths(settings.dataDir).redisPassword, "utf8")).trim(),
    lazyConnect: true,
    connectTimeout: 2000,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // Every failure is also the one of the command that is waited for.
  redis.on("error", () => undefined);
  try {
    await redis.connect();
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}
