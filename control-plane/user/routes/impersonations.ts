import { z } from "@hono/zod-openapi";
import type { Queries } from "../../database.ts";
import { once, type Reply } from "../../http/idempotency.ts";
import { body, idempotencyHeader } from "../../http/params.ts";
import { bodyProblems, json, withProblems } from "../../http/responses.ts";
import { route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import { beginImpersonation } from "../impersonation/begin-impersonation.ts";
import { newImpersonation } from "../impersonation/impersonation-input.ts";
import type { Mail } from "../mail/compose.ts";
import { callerContext, type UserRouteDeps } from "./deps.ts";

const begun = z
  .object({
    token: z.string().optional().meta({
      description:
        "Send it as: Authorization: Bearer <token>. It is not shown again, nor to a request that is repeated.",
    }),
    expiresAt: z.iso.datetime().meta({ description: "It is not moved on." }),
  })
  .openapi("Impersonation");

const begin = route(
  { who: "staff" },
  {
    method: "post",
    path: "/user/v1/impersonations",
    tags: ["staff"],
    summary: "Act as a user, for an hour",
    description:
      "The user is told by mail, and whatever is done is written down with both names. It ends with DELETE /user/v1/sessions/current. What would outlast it (new keys, a password, roles, invitations) cannot be done by it.",
    request: {
      headers: idempotencyHeader,
      body: body(newImpersonation),
    },
    responses: withProblems(
      { 201: json("Begun", begun) },
      ...bodyProblems,
      "not_found",
      "idempotency_key_reused",
    ),
  },
);

/** Staff who act as a user. */
export function addImpersonationRoutes(app: ServiceApp, deps: UserRouteDeps): void {
  app.openapi(begin, async (c) => {
    const ctx = callerContext(deps, c);
    const input = c.req.valid("json");
    let letter: Mail | undefined;
    const work = async (tx: Queries): Promise<Reply<z.infer<typeof begun>>> => {
      const { token, expiresAt, mail } = await beginImpersonation(ctx, tx, input);
      letter = mail;
      return { status: 201, headers: {}, body: { token, expiresAt }, kept: { expiresAt } };
    };
    const nothing = async () => undefined;
    // Who is no longer one of the staff does not get here.
    const reply = await once(c, { db: ctx.db, secret: deps.secret }, nothing, work, nothing);
    if (letter) await ctx.post(letter);
    return c.json(reply.body, 201, reply.headers);
  });
}
