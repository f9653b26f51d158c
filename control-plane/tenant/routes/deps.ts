import type { Context } from "hono";
import { type Scope, scopeOf } from "../../access/scope.ts";
import type { AuditSources } from "../../audit/source.ts";
import type { Queries } from "../../database.ts";
import type { HttpEnv } from "../../http/context.ts";
import type { CheckOdoo } from "../catalogue.ts";
import type { CatchUp } from "../catch-up.ts";
import type { FindOrganization } from "../choose-organization.ts";
import type { TenantContext } from "../context.ts";
import type { ForgetOrganization } from "../delete-organization.ts";

/** What the routes of the tenant service are given. */
export interface TenantRouteDeps {
  ctx: Omit<TenantContext, "caller" | "db">;
  /** The tenant database as it is seen from a scope. */
  within(scope: Scope): Queries;
  checkOdoo: CheckOdoo;
  findOrganization: FindOrganization;
  forgetOrganization: ForgetOrganization;
  catchUp: CatchUp;
  /** The whole audit, asked for a request. */
  audit(requestId: string): AuditSources;
  /** Key of what is remembered of requests. */
  secret: Buffer;
}

/** The context of a verb, for this request: it sees what its caller may see. */
export function callerContext(deps: TenantRouteDeps, c: Context<HttpEnv>): TenantContext {
  const caller = c.get("caller");
  return { ...deps.ctx, caller, db: deps.within(scopeOf(caller.rights)) };
}
