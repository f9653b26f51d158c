import { createCounters } from "./counters.ts";
import { createLimiter } from "./http/limit.ts";
import type { LimitTable } from "./http/limits.ts";
import { createOriginOf } from "./http/origin.ts";
import { createRequestFigures } from "./http/request-figures.ts";
import type { Logger } from "./observability/log.ts";
import { createMetrics } from "./observability/metrics.ts";
import { openRedis } from "./redis.ts";

export interface EdgeOptions {
  /** On 127.0.0.1. Everything works without it, too. */
  redis: { port: number; password: string };
  /** Key of what is counted. */
  counts: Buffer;
  /** Proxies of ours, which say by X-Forwarded-For where a request came from. */
  proxies?: readonly string[] | undefined;
  /** Other limits of rate than the usual. */
  limits?: LimitTable | undefined;
  log: Logger;
}

/** What stands before every service of a process: who is where, and how often. */
export function openEdge({ redis: login, counts, proxies = [], limits, log }: EdgeOptions) {
  const redis = openRedis({ ...login, name: "berth-services", log });
  const metrics = createMetrics(log);
  const secret = counts.toString("base64");
  const counters = createCounters({ redis: redis.client, prefix: "berth:counts", secret, log });
  return {
    redis,
    counters,
    limiter: createLimiter(counters, limits),
    originOf: createOriginOf(proxies),
    metrics,
    requests: createRequestFigures(metrics.registry),
    close: () => redis.close(),
  };
}
