import { z } from "@hono/zod-openapi";
import { decodeIdCursor, pageOf, pageQuery, toPage } from "../../http/cursor.ts";
import { body, userId } from "../../http/params.ts";
import { bodyProblems, json, withProblems } from "../../http/responses.ts";
import { route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import { email } from "../account/account-input.ts";
import { addStaff } from "../staff/add-staff.ts";
import { makeFirstStaff } from "../staff/make-first-staff.ts";
import { listPeople } from "../staff/read-people.ts";
import { removeStaff } from "../staff/remove-staff.ts";
import { newStaffAccount } from "../staff/staff-input.ts";
import { callerContext, type UserRouteDeps } from "./deps.ts";

const tags = ["staff"];
const path = "/user/v1/staff";

const person = z
  .object({
    id: z.string().meta({ example: "usr_a1b2c3d4e5f6g7h8" }),
    name: z.string(),
    email: z.string(),
    emailVerified: z.boolean(),
    staff: z.boolean(),
    createdAt: z.iso.datetime(),
  })
  .openapi("Person");
const ofUser = z.object({ user: userId });
const byId = ({ id }: { id: string }) => id;

const first = route(
  { who: "anyone" },
  {
    method: "post",
    path: "/user/v1/staff-accounts",
    tags,
    summary: "Make the first staff account, by the code of set-up",
    description: "Once, while there is none. The page at /user/first-staff asks for what it needs.",
    request: { body: body(newStaffAccount) },
    responses: withProblems({ 201: json("Made", person) }, ...bodyProblems, "code_expired", "conflict"),
  },
  "mailed_codes",
);
const list = route(
  { who: "staff" },
  {
    method: "get",
    path,
    tags,
    summary: "The platform's staff",
    request: { query: pageQuery },
    responses: withProblems({ 200: json("A page", pageOf(person)) }, "validation_failed"),
  },
);
const add = route(
  { who: "staff" },
  {
    method: "put",
    path: `${path}/{user}`,
    tags,
    summary: "Make somebody one of the staff",
    request: { params: ofUser },
    responses: withProblems({ 200: json("They are", person) }, "not_found", "conflict", "validation_failed"),
  },
);
const remove = route(
  { who: "staff" },
  {
    method: "delete",
    path: `${path}/{user}`,
    tags,
    summary: "Take somebody off the staff",
    description:
      "Their keys for all organisations end, and so do their sessions as others. Not the last one.",
    request: { params: ofUser },
    responses: withProblems(
      { 204: { description: "They no longer are" } },
      "not_found",
      "conflict",
      "validation_failed",
    ),
  },
);
const find = route(
  { who: "staff" },
  {
    method: "get",
    path: "/user/v1/accounts",
    tags,
    summary: "Accounts, for the staff to find people",
    request: {
      query: pageQuery.extend({
        email: email.optional().meta({ description: "Only the one with this address." }),
      }),
    },
    responses: withProblems({ 200: json("A page", pageOf(person)) }, "validation_failed"),
  },
);

/** Who runs the platform. */
export function addStaffRoutes(app: ServiceApp, deps: UserRouteDeps): void {
  app.openapi(first, async (c) =>
    c.json(await makeFirstStaff(callerContext(deps, c), c.req.valid("json")), 201),
  );
  app.openapi(list, async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const page = { limit: limit + 1, after: decodeIdCursor("usr", cursor) };
    return c.json(toPage(await listPeople(deps.db, { ...page, staff: true }), limit, byId), 200);
  });
  app.openapi(add, async (c) =>
    c.json(await addStaff(callerContext(deps, c), c.req.valid("param").user), 200),
  );
  app.openapi(remove, async (c) => {
    await removeStaff(callerContext(deps, c), c.req.valid("param").user);
    return c.body(null, 204);
  });
  app.openapi(find, async (c) => {
    const { limit, cursor, email } = c.req.valid("query");
    const page = { limit: limit + 1, after: decodeIdCursor("usr", cursor) };
    return c.json(toPage(await listPeople(deps.db, { ...page, email }), limit, byId), 200);
  });
}
