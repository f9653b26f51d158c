import { decodeIdCursor, pageOf, pageQuery, toPage } from "../../http/cursor.ts";
import { once } from "../../http/idempotency.ts";
import { idempotencyHeader } from "../../http/params.ts";
import { json, withProblems } from "../../http/responses.ts";
import { route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import { acceptInvitation } from "../organizations/accept-invitation.ts";
import { declineInvitation } from "../organizations/decline-invitation.ts";
import { mustBeMember } from "../organizations/lock-organization.ts";
import { listMyInvitations } from "../organizations/read-invitations.ts";
import { callerContext, type UserRouteDeps } from "./deps.ts";
import { acceptedAnswer, invitationParam, myInvitationSchema } from "./organization-schema.ts";

const tags = ["invitations"];
const path = "/user/v1/invitations";

const list = route(
  { who: "person" },
  {
    method: "get",
    path,
    tags,
    summary: "Invitations to the caller's address that can be accepted",
    request: { query: pageQuery },
    responses: withProblems({ 200: json("A page", pageOf(myInvitationSchema)) }, "validation_failed"),
  },
);

const accept = route(
  { who: "person", inPerson: true },
  {
    method: "post",
    path: `${path}/{id}/acceptance`,
    tags,
    summary: "Become a member of the organisation that sent an invitation",
    description: "For the account that has confirmed the address it was sent to.",
    request: { params: invitationParam, headers: idempotencyHeader },
    responses: withProblems(
      { 200: json("A member now", acceptedAnswer) },
      "not_found",
      "already_member",
      "conflict",
      "code_expired",
      "validation_failed",
      "idempotency_key_reused",
    ),
  },
);

const decline = route(
  { who: "person" },
  {
    method: "delete",
    path: `${path}/{id}`,
    tags,
    summary: "Decline an invitation",
    request: { params: invitationParam },
    responses: withProblems(
      { 204: { description: "Declined" } },
      "not_found",
      "code_expired",
      "validation_failed",
    ),
  },
);

/** What people do with the invitations that they get. */
export function addReceivedInvitationRoutes(app: ServiceApp, deps: UserRouteDeps): void {
  app.openapi(list, async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const after = decodeIdCursor("inv", cursor);
    const rows = await listMyInvitations(callerContext(deps, c), { limit: limit + 1, after });
    return c.json(
      toPage(rows, limit, ({ id }) => id),
      200,
    );
  });
  app.openapi(accept, async (c) => {
    const ctx = callerContext(deps, c);
    const reply = await once(
      c,
      { db: ctx.db, secret: deps.secret },
      async () => undefined,
      async (db) => ({
        status: 200,
        headers: {},
        body: await acceptInvitation({ ...ctx, db }, c.req.valid("param").id),
      }),
      ({ organization }, db) => mustBeMember(ctx, db, organization.id),
    );
    return c.json(reply.body, 200, reply.headers);
  });
  app.openapi(decline, async (c) => {
    await declineInvitation(callerContext(deps, c), c.req.valid("param").id);
    return c.body(null, 204);
  });
}
