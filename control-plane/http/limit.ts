import type { Caller } from "../audit/write.ts";
import type { Count, Counters } from "../counters.ts";
import { BerthError } from "../errors.ts";
import { addressKey } from "./address-key.ts";
import { type Limit, type LimitName, type LimitTable, limits } from "./limits.ts";

type Header = [name: string, value: string];

export interface Limiter {
  /** Counts a request of a caller, and gives headers that say what is left. Throws `too_many_requests`. */
  admit(caller: Caller, names: readonly RouteLimit[]): Promise<Header[]>;
  /** Counts something that only the body tells. Throws `too_many_requests`. */
  take(name: LimitName, key: string): Promise<void>;
}

/** Limits that a route can ask for: who is counted is known from the caller. */
export type RouteLimit = {
  [Name in LimitName]: (typeof limits)[Name]["per"] extends "address" | "caller" ? Name : never;
}[LimitName];

/** Holds callers to the table of limits. */
export function createLimiter(counters: Counters, table: LimitTable = limits): Limiter {
  const names = Object.keys(table) as LimitName[];
  const counted = Object.fromEntries(names.map((name) => [name, counters(name, table[name])])) as Record<
    LimitName,
    ReturnType<Counters>
  >;

  const count = async (name: LimitName, key: string): Promise<Header[]> => {
    const found = await counted[name].take(key);
    // What nobody comes near is not worth two headers in each answer.
    const { atATime = 1, points } = table[name];
    if (atATime > 1 && found.left > points / 10) return [];
    const headers = headersOf(name, table[name], found);
    if (!found.isOver) return headers;
    const { seconds } = found;
    throw new BerthError(
      "too_many_requests",
      `This was asked for too often. Try again in ${seconds} ${seconds === 1 ? "second" : "seconds"}.`,
      { headers: { "Retry-After": `${seconds}`, ...Object.fromEntries(headers) } },
    );
  };
  return {
    async admit(caller, wanted) {
      const headers: Header[] = [];
      if (isOurs(caller)) return headers;
      for (const name of wanted) headers.push(...(await count(name, keyOf(table[name].per, caller))));
      return headers;
    },
    async take(name, key) {
      await count(name, key);
    },
  };
}

/** Our own services and workers do what somebody else was counted for already. */
function isOurs({ actor }: Caller): boolean {
  return /^(service|worker):/.test(actor);
}

function keyOf(per: Limit["per"], { actor, origin }: Caller): string {
  const address = addressKey(origin);
  if (per === "address") return address;
  return actor === "nobody" ? `nobody ${address}` : actor;
}

/** `RateLimit` and `RateLimit-Policy` as in draft-ietf-httpapi-ratelimit-headers-10. */
function headersOf(
  name: string,
  rule: { points: number; seconds: number },
  { left, seconds }: Count,
): Header[] {
  return [
    ["RateLimit", `"${name}";r=${left};t=${seconds}`],
    ["RateLimit-Policy", `"${name}";q=${rule.points};w=${rule.seconds}`],
  ];
}
