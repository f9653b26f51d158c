import { z } from "@hono/zod-openapi";
import { mustSeeOrganization } from "../../access/access.ts";
import { organizationsOf } from "../../access/scope.ts";
import { decodeCursor, pageOf, pageQuery, toPage } from "../../http/cursor.ts";
import { once } from "../../http/idempotency.ts";
import { body, idempotencyHeader, organizationId } from "../../http/params.ts";
import { bodyProblems, json, withProblems } from "../../http/responses.ts";
import { route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import { readCurrentTenant } from "../catch-up.ts";
import { changeTenant } from "../change-tenant.ts";
import { createTenant, prepareTenant } from "../create-tenant.ts";
import { deleteTenant } from "../delete-tenant.ts";
import { listTenants } from "../read-tenants.ts";
import { newTenant, tenantChange } from "../tenant-input.ts";
import { etag, lastOperation, type TenantRow, toView } from "../tenant-view.ts";
import { callerContext, type TenantRouteDeps } from "./deps.ts";
import { createdAnswer, slugParam, tenantAnswer, tenantSchema } from "./tenant-schema.ts";

const tags = ["tenants"];
const path = "/tenant/v1/tenants";
const etagHeader = z.object({ ETag: z.string() });
const locationHeader = z.object({ Location: z.string().meta({ description: "The operation." }) });

const create = route(
  { who: "role", role: "developer", beyondTenant: true },
  {
    method: "post",
    path,
    tags,
    summary: "Create a tenant",
    description: "Accepted at once; an Odoo is ready when the operation has succeeded, some seconds later.",
    request: {
      headers: idempotencyHeader,
      body: body(newTenant),
    },
    responses: withProblems(
      { 202: { ...json("Accepted", createdAnswer), headers: locationHeader } },
      ...bodyProblems,
      "slug_taken",
      "tenant_deleting",
      "idempotency_key_reused",
      "service_unavailable",
    ),
  },
);

const list = route(
  { who: "role", role: "viewer" },
  {
    method: "get",
    path,
    tags,
    summary: "Tenants, newest first",
    request: {
      query: pageQuery.extend({
        organization: organizationId.optional().meta({ description: "Only this one's." }),
      }),
    },
    responses: withProblems({ 200: json("A page", pageOf(tenantSchema)) }, "validation_failed"),
  },
);

const read = route(
  { who: "role", role: "viewer" },
  {
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
  },
);

const change = route(
  { who: "role", role: "developer" },
  {
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
      body: body(tenantChange),
    },
    responses: withProblems(
      { 200: { ...json("The tenant as it is now", tenantAnswer), headers: etagHeader } },
      ...bodyProblems,
      "not_found",
      "tenant_deleting",
      "precondition_failed",
    ),
  },
);

const remove = route(
  { who: "role", role: "admin" },
  {
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
  },
);

export function addTenantRoutes(app: ServiceApp, deps: TenantRouteDeps) {
  return app
    .openapi(create, async (c) => {
      const input = c.req.valid("json");
      const ctx = callerContext(deps, c);
      const reply = await once(
        c,
        { db: ctx.db, secret: deps.secret },
        async () => {
          await deps.catchUp(input.slug);
          return prepareTenant(ctx, deps, input);
        },
        async (tx, prepared) => {
          const tenant = await createTenant({ ...ctx, db: tx }, prepared);
          const kept: z.infer<typeof createdAnswer> = {
            ...answer(tenant),
            admin: { email: tenant.adminEmail },
          };
          const { generated } = prepared.password;
          const body =
            generated === undefined ? kept : { ...kept, admin: { ...kept.admin, password: generated } };
          return { status: 202, headers: location(tenant), body, kept };
        },
        ({ tenant }) => mustSeeOrganization(ctx.caller, tenant.organization),
      );
      return c.json(reply.body, 202, reply.headers);
    })
    .openapi(list, async (c) => {
      const { limit, cursor, organization } = c.req.valid("query");
      const { db, caller } = callerContext(deps, c);
      const organizations = organizationsOf(caller.rights, organization);
      const rows = await listTenants(db, { limit: limit + 1, before: decodeCursor(cursor), organizations });
      const { items, nextCursor } = toPage(rows, limit, (row) => row.seq);
      return c.json({ items: items.map(toView), nextCursor }, 200);
    })
    .openapi(read, async (c) => {
      const { slug } = c.req.valid("param");
      const tenant = await readCurrentTenant(callerContext(deps, c), deps.catchUp, slug);
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
