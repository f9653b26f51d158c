import { z } from "@hono/zod-openapi";
import { instanceName } from "../../../stacks/tenant/contract.ts";
import { idempotencyHeader, tenantReference } from "../../http/params.ts";
import { json, withProblems } from "../../http/responses.ts";
import { route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import { readInstance } from "../read-instance.ts";
import { restartInstance } from "../restart-instance.ts";
import { stackStatus } from "../stack-status.ts";
import { accepted, acceptOperation } from "./accepted.ts";
import { callerContext, type InstanceRouteDeps } from "./deps.ts";

const instanceSchema = z
  .object({
    tenant: z.string(),
    name: z.string(),
    status: stackStatus,
    url: z.string().nullable(),
    hosts: z.array(z.string()),
    address: z.string().nullable().meta({ description: "On the tenants' network." }),
    template: z.string().nullable(),
    readyAt: z.string().nullable(),
    health: z.object({
      status: z.enum(["up", "down"]),
      ms: z.number().optional(),
      detail: z.string(),
    }),
  })
  .openapi("Instance");

const params = z.object({
  tenant: tenantReference,
  name: instanceName.meta({ example: "production" }),
});

const read = route(
  { who: "role", role: "viewer" },
  {
    method: "get",
    path: "/instance/v1/tenants/{tenant}/instances/{name}",
    tags: ["instances"],
    summary: "An instance: its addresses, and its health at this moment",
    request: { params },
    responses: withProblems({ 200: json("The instance", instanceSchema) }, "not_found", "validation_failed"),
  },
);

const restart = route(
  { who: "role", role: "developer" },
  {
    method: "post",
    path: "/instance/v1/tenants/{tenant}/instances/{name}/restart",
    tags: ["instances"],
    summary: "Stop an Odoo and start it again",
    request: { params, headers: idempotencyHeader },
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

export function addInstanceRoutes(app: ServiceApp, deps: InstanceRouteDeps) {
  return app
    .openapi(read, async (c) => {
      const { tenant, name } = c.req.valid("param");
      return c.json(
        await readInstance(callerContext(deps, c).db, deps.probe, { tenant, instance: name }),
        200,
      );
    })
    .openapi(restart, (c) => {
      const { tenant, name } = c.req.valid("param");
      return acceptOperation(deps, c, (ctx) => restartInstance(ctx, { tenant, instance: name }));
    });
}
