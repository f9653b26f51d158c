import { Redis } from "ioredis";
import type { Item } from "./item.ts";
import type { Run } from "./run.ts";

/** Every key with its value, and what Redis remembers of its clients. */
export async function* redisHolds(run: Run): AsyncGenerator<Item> {
  const redis = new Redis({
    host: "127.0.0.1",
    port: run.settings().redisPort,
    password: run.known("password of Redis"),
  });
  try {
    for (const key of await redis.keys("*"))
      yield {
        place: "Redis",
        where: key,
        text: Buffer.from(`${key}\n${JSON.stringify(await valueAt(redis, key))}`),
      };
    for (const [where, told] of Object.entries({
      "SLOWLOG GET": await redis.slowlog("GET", 1_000),
      "CLIENT LIST": await redis.client("LIST"),
      INFO: await redis.info("everything"),
    }))
      yield { place: "Redis", where, text: Buffer.from(JSON.stringify(told)) };
  } finally {
    redis.disconnect();
  }
}

async function valueAt(redis: Redis, key: string): Promise<unknown> {
  const type = await redis.type(key);
  if (type === "string") return redis.get(key);
  if (type === "hash") return redis.hgetall(key);
  if (type === "list") return redis.lrange(key, 0, -1);
  if (type === "set") return redis.smembers(key);
  if (type === "zset") return redis.zrange(key, 0, -1, "WITHSCORES");
  // It has ended meanwhile.
  if (type === "none") return null;
  throw new Error(`The key ${key} is of a kind that is not read here: ${type}.`);
}
