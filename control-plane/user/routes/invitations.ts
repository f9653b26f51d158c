import { decodeIdCursor, pageOf, pageQuery, toPage } from "../../http/cursor.ts";
import { once } from "../../http/idempotency.ts";
import { body, idempotencyHeader } from "../../http/params.ts";
import { bodyProblems, json, withProblems } from "../../http/responses.ts";
import { route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import { countMail } from "../mail/count-mail.ts";
import { cancelInvitation } from "../organizations/cancel-invitation.ts";
import { createInvitation } from "../organizations/create-invitation.ts";
import { newInvitation } from "../organizations/organization-input.ts";
import { listInvitations } from "../organizations/read-invitations.ts";
import { readOrganization } from "../organizations/read-organizations.ts";
import { callerContext, type UserRouteDeps } from "./deps.ts";
import { invitationSchema, organizationParam, sentInvitationParam } from "./organization-schema.ts";

const tags = ["invitations"];
const path = "/user/v1/organizations/{id}/invitations";

const create = route(
  { who: "member", role: "admin", inPerson: true },
  {
    method: "post",
    path,
    tags,
    summary: "Ask somebody by mail to become a member",
    description:
      "The invitation works for seven days, as long as who sent it may invite. A former one to the same address ends. Only an owner invites an owner.",
    request: {
      params: organizationParam,
      headers: idempotencyHeader,
      body: body(newInvitation),
    },
    responses: withProblems(
      { 201: json("Sent", invitationSchema) },
      ...bodyProblems,
      "not_found",
      "already_member",
      "conflict",
      "idempotency_key_reused",
    ),
  },
  "invitations",
);

const list = route(
  { who: "member", role: "admin" },
  {
    method: "get",
    path,
    tags,
    summary: "An organisation's invitations that can be accepted",
    request: { params: organizationParam, query: pageQuery },
    responses: withProblems(
      { 200: json("A page", pageOf(invitationSchema)) },
      "not_found",
      "validation_failed",
    ),
  },
);

const cancel = route(
  { who: "member", role: "admin" },
  {
    method: "delete",
    path: `${path}/{invitation}`,
    tags,
    summary: "Take an invitation back",
    request: { params: sentInvitationParam },
    responses: withProblems({ 204: { description: "Taken back" } }, "not_found", "validation_failed"),
  },
);

/** What an organisation sends; the routes of who is invited are in received-invitations.ts. */
export function addInvitationRoutes(app: ServiceApp, deps: UserRouteDeps): void {
  app.openapi(create, async (c) => {
    const input = { ...c.req.valid("json"), organization: c.req.valid("param").id };
    const ctx = callerContext(deps, c);
    const letters: Array<Parameters<typeof deps.post>[0]> = [];
    const reply = await once(
      c,
      { db: ctx.scoped, secret: deps.secret },
      async () => undefined,
      async (scoped) => {
        const { invitation, letter } = await createInvitation({ ...ctx, scoped }, input);
        await countMail(deps.limiter, ctx.caller, { kind: "invitation", to: input.email });
        letters.push(letter);
        return { status: 201, headers: {}, body: invitation };
      },
      (_, scoped) => readOrganization({ ...ctx, scoped }, input.organization),
    );
    for (const letter of letters) await deps.post(letter);
    return c.json(reply.body, 201, reply.headers);
  });
  app.openapi(list, async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const rows = await listInvitations(callerContext(deps, c), {
      organization: c.req.valid("param").id,
      limit: limit + 1,
      after: decodeIdCursor("inv", cursor),
    });
    return c.json(
      toPage(rows, limit, ({ id }) => id),
      200,
    );
  });
  app.openapi(cancel, async (c) => {
    const { id: organization, invitation } = c.req.valid("param");
    await cancelInvitation(callerContext(deps, c), { organization, invitation });
    return c.body(null, 204);
  });
}
