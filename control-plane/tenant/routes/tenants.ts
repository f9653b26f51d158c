import { createRoute, z } from "@hono/zod-openapi";
import { decodeCursor, pageOf, pageQuery, toPage } from "../../http/cursor.ts";
import { once } from "../../http/idempotency.ts";
import { idempotencyHeader } from "../../http/params.ts";
import { bodyProblems, json, withProblems } from "../../http/responses.ts";
import type { ServiceApp } from "../../http/service.ts";
import { changeTenant } from "../change-tenant.ts";
import { createTenant, prepareTenant } from "../create-tenant.ts";
import { deleteTenant } from "../delete-tenant.ts";
import { listTenants, readTenant } from "../read-tenants.ts";
import { newTenant, tenantChange } from "../tenant-input.ts";
import { etag, lastOperation, type TenantRow, toView } from "../tenant-view.ts";
import { callerContext, type TenantRouteDeps } from "./deps.ts";
import { createdAnswer, slugParam, tenantAnswer, tenantSchema } from "./tenant-schema.ts";

const tags = ["tenants"];
const path = "/tenant/v1/tenants";
const etagHeader = z.object({ ETag: z.string() });
const locationHeader = z.object({ Location: z.string().meta({ description: "The operation." }) });

const create = createRoute({
  method: "post",
  path,
  tags,
  summary: "Create a tenant",
  description: "Accepted at once; an Odoo is ready when the operation has succeeded, some seconds later.",
  request: {
    headers: idempotencyHeader,
    body: { required: true, content: { "application/json": { schema: newTenant } } },
  },
  responses: withProblems(
    { 202: { ...json("Accepted", createdAnswer), headers: locationHeader } },
    ...bodyProblems,
    "slug_taken",
    "tenant_deleting",
    "idempotency_key_reused",
    "service_unavailable",
  ),
});

const list = createRoute({
  method: "get",
  path,
  tags,
  summary: "Tenants, newest first",
  request: { query: pageQuery },
  responses: withProblems({ 200: json("A page", pageOf(tenantSchema)) }, "validation_failed"),
});

const read = createRoute({
  method: "get",
  path: `${path}/{slug}`,
  tags,
  summary: "One tenant and the last operation on it",
  request: { params: slugParam },
  responses: withProblems(
    { 200: { ...json("The tenant", tenantAnswer), headers: etagHeader } },
    "not_found",
    "validation_failed",
  ),
});

const change = createRoute({
  method: "patch",
  path: `${path}/{slug}`,
  tags,
  summary: "Change a tenant's name",
  request: {
    params: slugParam,
    headers: z.object({
      "if-match": z
        .string()
        .optional()
        .meta({ description: "The ETag you saw: refused with 412 if it is another now." }),
    }),
    body: { required: true, content: { "application/json": { schema: tenantChange } } },
  },
  responses: withProblems(
    { 200: { ...json("The tenant as it is now", tenantAnswer), headers: etagHeader } },
    ...bodyProblems,
    "not_found",
    "tenant_deleting",
    "precondition_failed",
  ),
});

const remove = createRoute({
  method: "delete",
  path: `${path}/{slug}`,
  tags,
  summary: "Delete a tenant with everything it has",
  description: "Cancels what is going on. While it is being deleted the same operation is given again.",
  request: { params: slugParam },
  responses: withProblems(
    { 202: { ...json("Accepted", tenantAnswer), headers: locationHeader } },
    "not_found",
    "validation_failed",
  ),
});

export function addTenantRoutes(app: ServiceApp, deps: TenantRouteDeps) {
  const { db } = deps.ctx;
  return app
    .openapi(create, async (c) => {
      const input = c.req.valid("json");
      const reply = await once(
        c,
        deps.idempotency,
        async () => {
          await deps.catchUp(input.slug);
          return prepareTenant(deps.checkOdoo, input);
        },
        async (tx, prepared) => {
          const tenant = await createTenant({ ...callerContext(deps, c), db: tx }, prepared);
          const kept = { ...answer(tenant), admin: { email: tenant.adminEmail } };
          const { generated } = prepared.password;
          const body =
            generated === undefined ? kept : { ...kept, admin: { ...kept.admin, password: generated } };
          return { status: 202, headers: location(tenant), body, kept };
        },
      );
      return c.json(reply.body as z.infer<typeof createdAnswer>, 202, reply.headers);
    })
    .openapi(list, async (c) => {
      const { limit, cursor } = c.req.valid("query");
      const rows = await listTenants(db, { limit: limit + 1, before: decodeCursor(cursor) });
      const { items, nextCursor } = toPage(rows, limit, (row) => row.seq);
      return c.json({ items: items.map(toView), nextCursor }, 200);
    })
    .openapi(read, async (c) => {
      const { slug } = c.req.valid("param");
      await deps.catchUp(slug);
      const tenant = await readTenant(db, slug);
      return c.json(answer(tenant), 200, { ETag: etag(tenant) });
    })
    .openapi(change, async (c) => {
      const { slug } = c.req.valid("param");
      await deps.catchUp(slug);
      const tenant = await changeTenant(callerContext(deps, c), {
        slug,
        change: c.req.valid("json"),
        ifMatch: c.req.header("if-match"),
      });
      return c.json(answer(tenant), 200, { ETag: etag(tenant) });
    })
    .openapi(remove, async (c) => {
      const { slug } = c.req.valid("param");
      await deps.catchUp(slug);
      const tenant = await deleteTenant(callerContext(deps, c), { slug });
      return c.json(answer(tenant), 202, location(tenant));
    });
}

function answer(tenant: TenantRow): z.infer<typeof tenantAnswer> {
  return { tenant: toView(tenant), operation: lastOperation(tenant) };
}

function location(tenant: TenantRow): Record<string, string> {
  return { Location: `/instance/v1/operations/${tenant.operationId}` };
}
