import { z } from "@hono/zod-openapi";
import { idempotencyHeader, tenantReference } from "../../http/params.ts";
import { withProblems } from "../../http/responses.ts";
import { route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import { checkTenant } from "../check-tenant.ts";
import { accepted, acceptOperation } from "./accepted.ts";
import type { InstanceRouteDeps } from "./deps.ts";

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
  return app.openapi(check, (c) =>
    acceptOperation(deps, c, (ctx) => checkTenant(ctx, { tenant: c.req.valid("param").tenant })),
  );
}
