import { createHmac } from "node:crypto";
import type { Redis } from "ioredis";
import type { Logger } from "../../observability/log.ts";

/** From where accounts were signed in to within the last 30 days. */
export interface KnownAddresses {
  has(account: string, address: string): Promise<boolean>;
  add(account: string, address: string): Promise<void>;
}

const knownSeconds = 30 * 86_400;
/** What one process remembers for when Redis is away: the latest. */
const rememberedHere = 10_000;

/**
 * In Redis, a key for each pair, which expires by itself. Not in PostgreSQL: sessions are deleted when they end, and
 * an audit of millions of rows is no place to look at each sign-in.
 */
export function openKnownAddresses({
  redis,
  prefix,
  secret,
  log,
}: {
  redis: Redis;
  /** Begins every key: `berth:known`. */
  prefix: string;
  /** Keys hold who and where only as a hash with this. */
  secret: string;
  log: Logger;
}): KnownAddresses {
  const here = new Set<string>();
  const keyOf = (account: string, address: string) =>
    `${prefix}:${createHmac("sha256", secret).update(`${account} ${address}`).digest("base64url")}`;
  return {
    async has(account, address) {
      const key = keyOf(account, address);
      try {
        return (await redis.exists(key)) === 1;
      } catch (error) {
        log.debug({ err: error }, "known addresses are those of this process: Redis is away");
        return here.has(key);
      }
    },
    async add(account, address) {
      const key = keyOf(account, address);
      here.delete(key);
      here.add(key);
      const [oldest] = here;
      if (here.size > rememberedHere && oldest) here.delete(oldest);
      try {
        await redis.set(key, "1", "EX", knownSeconds);
      } catch (error) {
        log.warn({ err: error }, "a known address was not written down: Redis is away");
      }
    },
  };
}
