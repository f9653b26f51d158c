import { Redis } from "ioredis";
import type { Logger } from "./observability/log.ts";

export interface RedisOptions {
  /** On 127.0.0.1. */
  port: number;
  password: string;
  /** Shown in CLIENT LIST; no spaces. */
  name: string;
  log: Logger;
  /** Milliseconds after which a command that was not answered has failed. */
  commandTimeoutMs?: number;
}

export interface RedisConnection {
  client: Redis;
  /** Milliseconds one round trip takes; throws while Redis is away. */
  ping(): Promise<number>;
  close(): Promise<void>;
}

/** Milliseconds between two tries to connect, at most. */
const longestPauseMs = 2_000;

/**
 * Opens the one connection of a process. Whatever Redis does not answer at once fails at once, and nothing is sent again
 * later: everybody who asks has another way. Connecting goes on for ever.
 */
export function openRedis({
  port,
  password,
  name,
  log,
  commandTimeoutMs = 200,
}: RedisOptions): RedisConnection {
  const client = new Redis({
    host: "127.0.0.1",
    port,
    password,
    connectionName: name,
    connectTimeout: 2_000,
    commandTimeout: commandTimeoutMs,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(25 * 2 ** Math.min(times, 10), longestPauseMs),
  });
  let isAway = false;
  // Told once, not with every try.
  client.on("error", (error) => {
    log[isAway ? "debug" : "warn"]({ err: error }, "Redis does not answer");
    isAway = true;
  });
  client.on("ready", () => {
    if (isAway) log.info("Redis answers again");
    isAway = false;
  });
  return {
    client,
    async ping() {
      const from = performance.now();
      await client.ping();
      return performance.now() - from;
    },
    async close() {
      // What is under way is waited for; one that does not answer is left.
      if (client.status === "ready") await client.quit().catch(() => undefined);
      client.disconnect();
    },
  };
}
