import { createHmac } from "node:crypto";
import type { Redis } from "ioredis";
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import type { Logger } from "./observability/log.ts";

export interface CounterRule {
  /** How often within `seconds`, counted from the first time. */
  points: number;
  seconds: number;
  /** `count here`: each process counts for itself, from nothing. `let pass`: nothing is counted. */
  whenRedisIsAway: "count here" | "let pass";
  /**
   * How many a process takes at a time and then gives out by itself: for what is so frequent that to ask Redis each time
   * would cost more than the work. So many too few may be let through by each process.
   */
  atATime?: number;
}

export interface Count {
  isOver: boolean;
  /** Points left. */
  left: number;
  /** Whole seconds until it is counted from nothing. */
  seconds: number;
}

/** Counts something by a key, for all processes together. None of these throws when Redis is away. */
interface Counter {
  rule: CounterRule;
  take(key: string): Promise<Count>;
  /** Takes one `take` back. */
  giveBack(key: string): Promise<void>;
  /** Counts from nothing. */
  forget(key: string): Promise<void>;
}

export interface CountersOptions {
  redis: Redis;
  /** Begins every key in Redis: `berth:counts`. */
  prefix: string;
  /** Keys hold who it was only as a hash with this. */
  secret: string;
  log: Logger;
}

/** What a process has taken ahead for one key. */
interface Share {
  left: number;
  /** By `performance.now()`. */
  until: number;
  count: Count;
}

const sharesKept = 10_000;

export type Counters = (name: string, rule: CounterRule) => Counter;

/** Makes counters in one Redis. Two with the same name count together. */
export function createCounters({ redis, prefix, secret, log }: CountersOptions): Counters {
  const hashed = (key: string) => createHmac("sha256", secret).update(key).digest("base64url");
  return (name, rule) => {
    const { points, seconds: duration, whenRedisIsAway, atATime = 1 } = rule;
    const taken = new Map<string, Share>();
    const limiter = new RateLimiterRedis({
      ...{ storeClient: redis, keyPrefix: `${prefix}:${name}`, points, duration },
      rejectIfRedisNotReady: true,
      ...(whenRedisIsAway === "count here"
        ? { insuranceLimiter: new RateLimiterMemory({ keyPrefix: name, points, duration }) }
        : {}),
    });
    const uncounted = (error: unknown) =>
      log.debug({ err: error, counter: name }, "not counted: Redis is away");
    return {
      rule,
      async take(key) {
        const share = taken.get(key);
        if (share && share.left > 0 && share.until > performance.now()) {
          share.left -= 1;
          return { isOver: false, left: share.count.left + share.left, seconds: share.count.seconds };
        }
        try {
          const count = toCount(await limiter.consume(hashed(key), atATime), false);
          if (atATime > 1) {
            if (taken.size >= sharesKept) taken.clear();
            taken.set(key, { left: atATime - 1, until: performance.now() + count.seconds * 1000, count });
          }
          return { ...count, left: count.left + atATime - 1 };
        } catch (error) {
          if (error instanceof RateLimiterRes) return toCount(error, true);
          uncounted(error);
          return { isOver: false, left: points, seconds: duration };
        }
      },
      async giveBack(key) {
        await limiter.reward(hashed(key)).catch(uncounted);
      },
      async forget(key) {
        await limiter.delete(hashed(key)).catch(uncounted);
      },
    };
  };
}

function toCount({ remainingPoints, msBeforeNext }: RateLimiterRes, isOver: boolean): Count {
  return { isOver, left: remainingPoints, seconds: Math.max(1, Math.ceil(msBeforeNext / 1000)) };
}
