import { z } from "@hono/zod-openapi";
import { once } from "../../http/idempotency.ts";
import { idempotencyHeader, tenantReference } from "../../http/params.ts";
import { withProblems } from "../../http/responses.ts";
import { route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import { checkTenant } from "../check-tenant.ts";
import { readOperation } from "../read-operations.ts";
import { callerContext, type InstanceRouteDeps } from "./deps.ts";
import { accepted, location, mustStillSee } from "./operations.ts";

const check = route(
  { who: "role", role: "developer" },
  {
    method: "post",
    path: "/instance/v1/tenants/{tenant}/check",
    tags: ["instances"],
    summary: "Compare a tenant with what is really there, and change neither",
    description:
      'The operation succeeds whether or not something differs. Its last event of type "log" holds `check`: `same`, the number of resources that are as they should be; `changes`, what would mend the others, counted by kind; and `differences`, one for each: `{ instance, part, would }`.',
    request: { params: z.object({ tenant: tenantReference }), headers: idempotencyHeader },
    responses: withProblems(
      { 202: accepted },
      "not_found",
      "not_ready",
      "operation_in_progress",
      "tenant_deleting",
      "validation_failed",
      "idempotency_key_reused",
    ),
  },
);

export function addCheckRoutes(app: ServiceApp, deps: InstanceRouteDeps) {
  return app.openapi(check, async (c) => {
    const { tenant } = c.req.valid("param");
    const ctx = callerContext(deps, c);
    const reply = await once(
      c,
      { db: ctx.db, secret: deps.secret },
      async () => undefined,
      async (tx) => {
        const id = await checkTenant({ ...ctx, db: tx }, { tenant });
        return { status: 202, headers: location(id), body: { operation: await readOperation(tx, id) } };
      },
      mustStillSee,
    );
    return c.json(reply.body, 202, reply.headers);
  });
}
