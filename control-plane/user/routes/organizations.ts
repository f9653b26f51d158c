import { decodeIdCursor, pageOf, pageQuery, toPage } from "../../http/cursor.ts";
import { once } from "../../http/idempotency.ts";
import { body, idempotencyHeader } from "../../http/params.ts";
import { bodyProblems, json, withProblems } from "../../http/responses.ts";
import { route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import { changeOrganization } from "../organizations/change-organization.ts";
import { createOrganization } from "../organizations/create-organization.ts";
import { mustBeMember } from "../organizations/lock-organization.ts";
import { newOrganization, organizationChange } from "../organizations/organization-input.ts";
import { listOrganizations, readOrganization } from "../organizations/read-organizations.ts";
import { callerContext, type UserRouteDeps } from "./deps.ts";
import { organizationParam, organizationSchema } from "./organization-schema.ts";

const tags = ["organisations"];
const path = "/user/v1/organizations";

const create = route(
  { who: "person", inPerson: true },
  {
    method: "post",
    path,
    tags,
    summary: "Make an organisation",
    description: "Whoever makes it is its owner. One person may own 20.",
    request: {
      headers: idempotencyHeader,
      body: body(newOrganization),
    },
    responses: withProblems(
      { 201: json("Made", organizationSchema) },
      ...bodyProblems,
      "conflict",
      "idempotency_key_reused",
    ),
  },
);

const list = route(
  { who: "known" },
  {
    method: "get",
    path,
    tags,
    summary: "The caller's organisations and their role in them",
    description: "For staff all there are. In the order of their ids.",
    request: { query: pageQuery },
    responses: withProblems({ 200: json("A page", pageOf(organizationSchema)) }, "validation_failed"),
  },
);

const read = route(
  { who: "role", role: "viewer" },
  {
    method: "get",
    path: `${path}/{id}`,
    tags,
    summary: "One organisation",
    request: { params: organizationParam },
    responses: withProblems(
      { 200: json("The organisation", organizationSchema) },
      "not_found",
      "validation_failed",
    ),
  },
);

const change = route(
  { who: "member", role: "admin" },
  {
    method: "patch",
    path: `${path}/{id}`,
    tags,
    summary: "Change an organisation's name",
    request: {
      params: organizationParam,
      body: body(organizationChange),
    },
    responses: withProblems({ 200: json("As it is now", organizationSchema) }, ...bodyProblems, "not_found"),
  },
);

/** Organisations; the tenant service deletes them, for they may have tenants. */
export function addOrganizationRoutes(app: ServiceApp, deps: UserRouteDeps): void {
  app.openapi(create, async (c) => {
    const input = c.req.valid("json");
    const ctx = callerContext(deps, c);
    const reply = await once(
      c,
      { db: ctx.db, secret: deps.secret },
      async () => undefined,
      async (db) => {
        const made = await createOrganization({ ...ctx, db }, input);
        return { status: 201, headers: {}, body: made };
      },
      ({ id }, db) => mustBeMember(ctx, db, id),
    );
    return c.json(reply.body, 201, reply.headers);
  });
  app.openapi(list, async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const after = decodeIdCursor("org", cursor);
    const rows = await listOrganizations(callerContext(deps, c), { limit: limit + 1, after });
    return c.json(
      toPage(rows, limit, ({ id }) => id),
      200,
    );
  });
  app.openapi(read, async (c) =>
    c.json(await readOrganization(callerContext(deps, c), c.req.valid("param").id), 200),
  );
  app.openapi(change, async (c) => {
    const input = { ...c.req.valid("param"), ...c.req.valid("json") };
    return c.json(await changeOrganization(callerContext(deps, c), input), 200);
  });
}
