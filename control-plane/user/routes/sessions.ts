import { z } from "@hono/zod-openapi";
import { body } from "../../http/params.ts";
import { bodyProblems, json, withProblems } from "../../http/responses.ts";
import { route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import { credentials } from "../account/account-input.ts";
import { finishSignIn } from "../session/finish-sign-in.ts";
import { readSession } from "../session/read-session.ts";
import { signIn } from "../session/sign-in.ts";
import { signOut } from "../session/sign-out.ts";
import { answerToChallenge } from "../two-factor/second-factor-input.ts";
import { callerContext, type UserRouteDeps } from "./deps.ts";
import { account, impersonator, ownAccount } from "./own-account.ts";

const tags = ["sessions"];

const begun = z
  .object({
    token: z
      .string()
      .meta({ description: "Send it as: Authorization: Bearer <token>. It is not shown again." }),
    account,
  })
  .openapi("NewSession");
const current = z
  .object({
    account: ownAccount,
    expiresAt: z.iso.datetime().meta({
      description: "Moved on while the session is used, but for one of staff who act as the account.",
    }),
    impersonatedBy: impersonator,
  })
  .openapi("Session");

const challenge = z
  .object({
    challenge: z
      .string()
      .meta({ description: "Send it with the code: POST /user/v1/sessions/second-factor" }),
    expiresAt: z.iso.datetime(),
  })
  .openapi("Challenge");
const begin = route(
  { who: "anyone" },
  {
    method: "post",
    path: "/user/v1/sessions",
    tags,
    summary: "Sign in",
    description:
      "For an account with two factors nobody is signed in by this yet: the answer is a 202 with what the code is to be sent with. Takes no Idempotency-Key, as tokens are not kept.",
    request: { body: body(credentials) },
    responses: withProblems(
      { 201: json("Signed in", begun), 202: json("The second factor is asked for", challenge) },
      ...bodyProblems,
      "sign_in_refused",
      "email_not_verified",
    ),
  },
  "sign_in",
);

const finish = route(
  { who: "anyone" },
  {
    method: "post",
    path: "/user/v1/sessions/second-factor",
    tags,
    summary: "Sign in with the second factor",
    description:
      "By a code of the authenticator, or a backup code. After a wrong one the challenge is still good; after ten in a row nothing is looked at for 15 minutes.",
    request: { body: body(answerToChallenge) },
    responses: withProblems(
      { 201: json("Signed in", begun) },
      ...bodyProblems,
      "wrong_code",
      "code_expired",
      "too_many_requests",
    ),
  },
  "second_factor",
);

const read = route(
  { who: "person" },
  {
    method: "get",
    path: "/user/v1/sessions/current",
    tags,
    summary: "Who is signed in",
    responses: withProblems({ 200: json("The session", current) }),
  },
);

const end = route(
  { who: "person" },
  {
    method: "delete",
    path: "/user/v1/sessions/current",
    tags,
    summary: "Sign out",
    responses: withProblems({ 204: { description: "Signed out" } }),
  },
);

/** Signing in and out. */
export function addSessionRoutes(app: ServiceApp, deps: UserRouteDeps): void {
  app.openapi(begin, async (c) => {
    const done = await signIn(callerContext(deps, c), c.req.valid("json"));
    if ("token" in done) return c.json(done, 201);
    return c.json({ challenge: done.challenge, expiresAt: done.expiresAt.toISOString() }, 202);
  });
  app.openapi(finish, async (c) =>
    c.json(await finishSignIn(callerContext(deps, c), c.req.valid("json")), 201),
  );
  app.openapi(read, async (c) => {
    const session = await readSession(callerContext(deps, c));
    const { account, expiresAt, impersonatedBy } = session;
    return c.json({ account, expiresAt: expiresAt.toISOString(), impersonatedBy }, 200);
  });
  app.openapi(end, async (c) => {
    const ctx = callerContext(deps, c);
    await signOut(ctx, await readSession(ctx));
    return c.body(null, 204);
  });
}
