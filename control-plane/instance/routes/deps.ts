import type { Context } from "hono";
import { type Scope, scopeOf } from "../../access/scope.ts";
import type { Queries } from "../../database.ts";
import type { HttpEnv } from "../../http/context.ts";
import type { Signals } from "../../signals.ts";
import type { CallerContext, InstanceContext } from "../context.ts";
import type { ProbeInstance } from "../read-instance.ts";

/** What the routes of the instance service are given. */
export interface InstanceRouteDeps {
  ctx: Omit<InstanceContext, "db">;
  /** The instance database as it is seen from a scope. */
  within(scope: Scope): Queries;
  probe: ProbeInstance;
  /** Fired with an operation's id for its events, and with `feed` for new entries. */
  signals: Signals;
  /** Key of what is remembered of requests. */
  secret: Buffer;
  /** Milliseconds between two signs of life of an event stream. */
  heartbeatMs: number;
}

/** The context of a verb, for this request: it sees what its caller may see. */
export function callerContext(deps: InstanceRouteDeps, c: Context<HttpEnv>): CallerContext {
  const caller = c.get("caller");
  return { ...deps.ctx, caller, db: deps.within(scopeOf(caller.rights)) };
}
