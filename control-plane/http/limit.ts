import type { Context, MiddlewareHandler } from "hono";
import type { Caller } from "../audit/write.ts";
import type { Count, Counters } from "../counters.ts";
import { BerthError } from "../errors.ts";
import { addressKey } from "./address-key.ts";
import type { HttpEnv } from "./context.ts";
import { type LimitName, type LimitTable, limits } from "./limits.ts";

type KeyOf = (c: Context<HttpEnv>) => string;

export interface Limiter {
  /**
   * Counts a request against a limit; over it, it is refused with `too_many_requests`.
   * @param keyOf who is counted, for a limit whose `per` is neither `address` nor `caller`
   */
  limit(name: LimitName, keyOf?: KeyOf): MiddlewareHandler<HttpEnv>;
  /** Counts every request of a caller against `reads` or `writes`. */
  limitCalls: MiddlewareHandler<HttpEnv>;
  /** Counts something that only the body tells. Throws `too_many_requests`. */
  take(name: LimitName, key: string): Promise<void>;
}

/** Middleware that holds callers to the table of limits. It needs to know the caller, so it comes after that. */
export function createLimiter(counters: Counters, table: LimitTable = limits): Limiter {
  const names = Object.keys(table) as LimitName[];
  const counted = Object.fromEntries(names.map((name) => [name, counters(name, table[name])])) as Record<
    LimitName,
    ReturnType<Counters>
  >;

  const count = async (name: LimitName, key: string): Promise<Record<string, string>> => {
    const found = await counted[name].take(key);
    const headers = headersOf(name, table[name], found);
    if (!found.isOver) return headers;
    const { seconds } = found;
    throw new BerthError(
      "too_many_requests",
      `This was asked for too often. Try again in ${seconds} ${seconds === 1 ? "second" : "seconds"}.`,
      { headers: { "Retry-After": `${seconds}`, ...headers } },
    );
  };
  const limit: Limiter["limit"] = (name, keyOf = keyOfCaller(table[name].per)) => {
    return async (c, next) => {
      if (isOurs(c.get("caller"))) return next();
      const headers = await count(name, keyOf(c));
      await next();
      // A list: a request may have more than one limit.
      for (const [header, value] of Object.entries(headers)) c.res.headers.append(header, value);
    };
  };
  const reads = limit("reads");
  const writes = limit("writes");
  return {
    limit,
    limitCalls: (c, next) => (/^(GET|HEAD|OPTIONS)$/.test(c.req.method) ? reads : writes)(c, next),
    async take(name, key) {
      await count(name, key);
    },
  };
}

/** Our own services and workers do what somebody else was counted for already. */
function isOurs({ actor }: Caller): boolean {
  return /^(service|worker):/.test(actor);
}

function keyOfCaller(per: LimitTable[LimitName]["per"]): KeyOf {
  const address: KeyOf = (c) => addressKey(c.get("caller").origin);
  if (per === "address") return address;
  if (per !== "caller") throw new Error(`A limit per ${per} needs to be told whose it is.`);
  return (c) => {
    const { actor } = c.get("caller");
    return actor === "nobody" ? `nobody ${address(c)}` : actor;
  };
}

/** `RateLimit` and `RateLimit-Policy` as in draft-ietf-httpapi-ratelimit-headers-10. */
function headersOf(name: string, rule: { points: number; seconds: number }, { left, seconds }: Count) {
  return {
    RateLimit: `"${name}";r=${left};t=${seconds}`,
    "RateLimit-Policy": `"${name}";q=${rule.points};w=${rule.seconds}`,
  };
}
