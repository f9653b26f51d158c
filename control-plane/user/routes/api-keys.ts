import { z } from "@hono/zod-openapi";
import type { Queries } from "../../database.ts";
import { decodeIdCursor, pageOf, pageQuery, toPage } from "../../http/cursor.ts";
import { once, type Reply } from "../../http/idempotency.ts";
import { body, idempotencyHeader, organizationId } from "../../http/params.ts";
import { bodyProblems, json, withProblems } from "../../http/responses.ts";
import { route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import { createOrganizationKey } from "../keys/create-organization-key.ts";
import { createStaffKey } from "../keys/create-staff-key.ts";
import { keyId, newKey, newStaffKey } from "../keys/key-input.ts";
import { listOrganizationKeys } from "../keys/list-organization-keys.ts";
import type { MadeKey } from "../keys/make-key.ts";
import { listKeys } from "../keys/read-keys.ts";
import { revokeKey } from "../keys/revoke-key.ts";
import { readOrganization } from "../organizations/read-organizations.ts";
import { apiKey, madeApiKey } from "./api-key-schema.ts";
import { callerContext, type UserRouteDeps } from "./deps.ts";

const tags = ["API keys"];
const ofOrganization = "/user/v1/organizations/{id}/api-keys";
const ofStaff = "/user/v1/staff/api-keys";
const inOrganization = z.object({ id: organizationId });

/** The same three for an organisation and for the staff. */
const made = withProblems(
  { 201: json("Made. Its key is shown this once", madeApiKey) },
  ...bodyProblems,
  "idempotency_key_reused",
);
const listed = withProblems({ 200: json("A page", pageOf(apiKey)) }, "validation_failed");
const revoked = withProblems({ 204: { description: "Revoked" } }, "not_found", "validation_failed");

const create = route(
  { who: "member", role: "admin", inPerson: true },
  {
    method: "post",
    path: ofOrganization,
    tags,
    summary: "Make a key for an organisation, or for one tenant of it",
    description: "It can do no more than whoever makes it, and ends with their membership.",
    request: { params: inOrganization, headers: idempotencyHeader, body: body(newKey) },
    responses: withProblems(made, "not_found"),
  },
);
const list = route(
  { who: "member", role: "developer" },
  {
    method: "get",
    path: ofOrganization,
    tags,
    summary: "An organisation's keys that have not expired",
    request: { params: inOrganization, query: pageQuery },
    responses: withProblems(listed, "not_found"),
  },
);
const revoke = route(
  { who: "member", role: "admin" },
  {
    method: "delete",
    path: `${ofOrganization}/{key}`,
    tags,
    summary: "Revoke a key, at once",
    request: { params: inOrganization.extend({ key: keyId }) },
    responses: revoked,
  },
);
const createForStaff = route(
  { who: "staff" },
  {
    method: "post",
    path: ofStaff,
    tags,
    summary: "Make a key for all organisations",
    description: "It ends when whoever makes it is no longer one of the staff.",
    request: { headers: idempotencyHeader, body: body(newStaffKey) },
    responses: made,
  },
);
const listOfStaff = route(
  { who: "staff" },
  {
    method: "get",
    path: ofStaff,
    tags,
    summary: "The staff's keys that have not expired",
    request: { query: pageQuery },
    responses: listed,
  },
);
const revokeOfStaff = route(
  { who: "staff" },
  {
    method: "delete",
    path: `${ofStaff}/{key}`,
    tags,
    summary: "Revoke a key of the staff, at once",
    request: { params: z.object({ key: keyId }) },
    responses: revoked,
  },
);

/** Keys for programs. */
export function addApiKeyRoutes(app: ServiceApp, deps: UserRouteDeps): void {
  const nothing = async () => undefined;
  app.openapi(create, async (c) => {
    const ctx = callerContext(deps, c);
    const [{ id }, input] = [c.req.valid("param"), c.req.valid("json")];
    const work = async (tx: Queries) => answer(await createOrganizationKey(ctx, tx, id, input));
    const mustStillSee = () => readOrganization(ctx, id);
    const reply = await once(c, { db: ctx.db, secret: deps.secret }, nothing, work, mustStillSee);
    return c.json(reply.body, 201, reply.headers);
  });
  app.openapi(list, async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const input = {
      organization: c.req.valid("param").id,
      limit: limit + 1,
      after: decodeIdCursor("key", cursor),
    };
    const rows = await listOrganizationKeys(callerContext(deps, c), input);
    return c.json(
      toPage(rows, limit, ({ id }) => id),
      200,
    );
  });
  app.openapi(revoke, async (c) => {
    const { id, key } = c.req.valid("param");
    await revokeKey(callerContext(deps, c), { organization: id, key });
    return c.body(null, 204);
  });
  app.openapi(createForStaff, async (c) => {
    const ctx = callerContext(deps, c);
    const input = c.req.valid("json");
    const work = async (tx: Queries) => answer(await createStaffKey(ctx, tx, input));
    // The staff see each other's keys, and nobody else gets here.
    const reply = await once(c, { db: ctx.db, secret: deps.secret }, nothing, work, nothing);
    return c.json(reply.body, 201, reply.headers);
  });
  app.openapi(listOfStaff, async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const { scoped } = callerContext(deps, c);
    const rows = await listKeys(scoped, {
      organization: null,
      limit: limit + 1,
      after: decodeIdCursor("key", cursor),
    });
    return c.json(
      toPage(rows, limit, ({ id }) => id),
      200,
    );
  });
  app.openapi(revokeOfStaff, async (c) => {
    await revokeKey(callerContext(deps, c), { organization: null, key: c.req.valid("param").key });
    return c.body(null, 204);
  });
}

function answer({ view, key }: MadeKey): Reply<z.infer<typeof madeApiKey>> {
  return { status: 201, headers: {}, body: { ...view, key }, kept: view };
}
