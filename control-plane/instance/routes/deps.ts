import type { Context } from "hono";
import type { HttpEnv } from "../../http/context.ts";
import type { IdempotencyOptions } from "../../http/idempotency.ts";
import type { Signals } from "../../signals.ts";
import type { CallerContext, InstanceContext } from "../context.ts";
import type { ProbeInstance } from "../read-instance.ts";

/** What the routes of the instance service are given. */
export interface InstanceRouteDeps {
  ctx: InstanceContext;
  probe: ProbeInstance;
  /** Fired with an operation's id for its events, and with `feed` for new entries. */
  signals: Signals;
  idempotency: IdempotencyOptions;
  /** Milliseconds between two signs of life of an event stream. */
  heartbeatMs: number;
}

/** The context of a verb, for this request. */
export function callerContext(deps: InstanceRouteDeps, c: Context<HttpEnv>): CallerContext {
  return { ...deps.ctx, caller: c.get("caller") };
}
