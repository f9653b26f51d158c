import { decodeIdCursor, pageOf, pageQuery, toPage } from "../../http/cursor.ts";
import { body } from "../../http/params.ts";
import { bodyProblems, json, withProblems } from "../../http/responses.ts";
import { route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import { changeMemberRole } from "../organizations/change-member-role.ts";
import { leaveOrganization } from "../organizations/leave-organization.ts";
import { roleChange } from "../organizations/organization-input.ts";
import { listMembers } from "../organizations/read-members.ts";
import { removeMember } from "../organizations/remove-member.ts";
import { callerContext, type UserRouteDeps } from "./deps.ts";
import { memberParam, memberSchema, organizationParam, roleAnswer } from "./organization-schema.ts";

const tags = ["members"];
const path = "/user/v1/organizations/{id}";

const list = route(
  { who: "role", role: "viewer", beyondTenant: true },
  {
    method: "get",
    path: `${path}/members`,
    tags,
    summary: "Who is in an organisation",
    description: "In the order of their memberships' ids. A key for one tenant is not told.",
    request: { params: organizationParam, query: pageQuery },
    responses: withProblems({ 200: json("A page", pageOf(memberSchema)) }, "not_found", "validation_failed"),
  },
);

const change = route(
  { who: "member", role: "admin", inPerson: true },
  {
    method: "patch",
    path: `${path}/members/{user}`,
    tags,
    summary: "Give a member another role",
    description: "Only an owner gives the role owner, or changes an owner's.",
    request: {
      params: memberParam,
      body: body(roleChange),
    },
    responses: withProblems({ 200: json("Changed", roleAnswer) }, ...bodyProblems, "not_found", "last_owner"),
  },
);

const remove = route(
  { who: "member", role: "admin", inPerson: true },
  {
    method: "delete",
    path: `${path}/members/{user}`,
    tags,
    summary: "Remove a member",
    description: "Their keys for the organisation end as well. Only an owner removes an owner.",
    request: { params: memberParam },
    responses: withProblems(
      { 204: { description: "Removed" } },
      "not_found",
      "last_owner",
      "validation_failed",
    ),
  },
);

const leave = route(
  { who: "member", role: "viewer", inPerson: true },
  {
    method: "delete",
    path: `${path}/membership`,
    tags,
    summary: "Leave an organisation",
    description: "The caller's keys for it end as well.",
    request: { params: organizationParam },
    responses: withProblems({ 204: { description: "Left" } }, "not_found", "last_owner", "validation_failed"),
  },
);

/** Who is in an organisation, and as what. */
export function addMemberRoutes(app: ServiceApp, deps: UserRouteDeps): void {
  app.openapi(list, async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const rows = await listMembers(callerContext(deps, c), {
      organization: c.req.valid("param").id,
      limit: limit + 1,
      after: decodeIdCursor("mem", cursor),
    });
    const { items, nextCursor } = toPage(rows, limit, ({ position }) => position);
    return c.json({ items: items.map(({ position: _, ...member }) => member), nextCursor }, 200);
  });
  app.openapi(change, async (c) => {
    const { id: organization, user } = c.req.valid("param");
    const { role } = c.req.valid("json");
    return c.json(await changeMemberRole(callerContext(deps, c), { organization, user, role }), 200);
  });
  app.openapi(remove, async (c) => {
    const { id: organization, user } = c.req.valid("param");
    await removeMember(callerContext(deps, c), { organization, user });
    return c.body(null, 204);
  });
  app.openapi(leave, async (c) => {
    await leaveOrganization(callerContext(deps, c), c.req.valid("param").id);
    return c.body(null, 204);
  });
}
