import type { Context } from "hono";
import type { HttpEnv } from "../../http/context.ts";
import type { IdempotencyOptions } from "../../http/idempotency.ts";
import type { CheckOdoo } from "../catalogue.ts";
import type { CatchUp } from "../catch-up.ts";
import type { TenantContext } from "../context.ts";

/** What the routes of the tenant service are given. */
export interface TenantRouteDeps {
  ctx: Omit<TenantContext, "caller">;
  checkOdoo: CheckOdoo;
  catchUp: CatchUp;
  idempotency: IdempotencyOptions;
}

/** The context of a verb, for this request. */
export function callerContext(deps: TenantRouteDeps, c: Context<HttpEnv>): TenantContext {
  return { ...deps.ctx, caller: c.get("caller") };
}
