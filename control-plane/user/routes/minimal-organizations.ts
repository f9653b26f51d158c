// Stands in for organisations until they come: remove this file, and its line in app.ts.
import { z } from "@hono/zod-openapi";
import { bodyProblems, json, withProblems } from "../../http/responses.ts";
import { route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import { name } from "../account-input.ts";
import { createMinimalOrganization, listMinimalOrganizations } from "../minimal-organizations.ts";
import { callerContext, type UserRouteDeps } from "./deps.ts";

const organization = z.object({ id: z.string(), name: z.string() });
const path = "/user/v1/organizations";
const create = route(
  { who: "person", inPerson: true },
  {
    method: "post",
    path,
    summary: "Make an organisation",
    request: {
      body: { required: true, content: { "application/json": { schema: z.strictObject({ name }) } } },
    },
    responses: withProblems({ 201: json("Made", z.object({ organization })) }, ...bodyProblems),
  },
);
const list = route(
  { who: "person" },
  {
    method: "get",
    path,
    summary: "Your organisations",
    responses: withProblems({
      200: json(
        "All",
        z.object({ items: z.array(organization.extend({ role: z.string() })), nextCursor: z.null() }),
      ),
    }),
  },
);

export function addMinimalOrganizationRoutes(app: ServiceApp, deps: UserRouteDeps): void {
  app.openapi(create, async (c) =>
    c.json(
      { organization: await createMinimalOrganization(callerContext(deps, c), c.req.valid("json").name) },
      201,
    ),
  );
  app.openapi(list, async (c) =>
    c.json({ items: await listMinimalOrganizations(callerContext(deps, c)), nextCursor: null }, 200),
  );
}
