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
    const limiter = new RateLimiterRedis({
      ...{ storeClient: redis, keyPrefix: `${prefix}:${name}`, points, duration },
      rejectIfRedisNotReady: true,
      ...(whenRedisIsAway === "count here"
        ? { insuranceLimiter: new RateLimiterMemory({ keyPrefix: name, points, duration }) }
        : {}),
    });
    const uncounted = (error: unknown) =>
      log.debug({ err: error, counter: name }, "not counted: Redis is away");
    const consume = async (key: string, howMany: number): Promise<Count> => {
      try {
        return toCount(await limiter.consume(hashed(key), howMany), false);
      } catch (error) {
        if (error instanceof RateLimiterRes) return toCount(error, true);
        uncounted(error);
        return { isOver: false, left: points, seconds: duration };
      }
    };
    return {
      rule,
      take: atATime > 1 ? givingOut(consume, atATime) : (key) => consume(key, 1),
      async giveBack(key) {
        await limiter.reward(hashed(key)).catch(uncounted);
      },
      async forget(key) {
        await limiter.delete(hashed(key)).catch(uncounted);
      },
    };
  };
}

/**
 * Takes some at a time and gives them out one by one. Whoever comes while some are taken waits for those, for otherwise a
 * crowd would take as many times as it has members.
 */
function givingOut(
  consume: (key: string, howMany: number) => Promise<Count>,
  atATime: number,
): (key: string) => Promise<Count> {
  const shares = new Map<string, Share>();
  const taking = new Map<string, Promise<Share>>();
  const take = (key: string): Promise<Share> => {
    const underWay = taking.get(key);
    if (underWay) return underWay;
    const begun = consume(key, atATime)
      .then((count) => {
        const share = { left: atATime, until: performance.now() + count.seconds * 1000, count };
        if (shares.size >= sharesKept) shares.clear();
        if (!count.isOver) shares.set(key, share);
        return share;
      })
      .finally(() => taking.delete(key));
    taking.set(key, begun);
    return begun;
  };
  return async (key) => {
    for (;;) {
      const known = shares.get(key);
      const share = known && known.left > 0 && known.until > performance.now() ? known : await take(key);
      if (share.count.isOver) return share.count;
      // Others who waited for it may have had it all.
      if (share.left <= 0) continue;
      share.left -= 1;
      return { ...share.count, left: share.count.left + share.left };
    }
  };
}

function toCount({ remainingPoints, msBeforeNext }: RateLimiterRes, isOver: boolean): Count {
  return { isOver, left: remainingPoints, seconds: Math.max(1, Math.ceil(msBeforeNext / 1000)) };
}
