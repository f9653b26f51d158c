import { z } from "@hono/zod-openapi";
import { bodyProblems, json, withProblems } from "../../http/responses.ts";
import { route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import { credentials } from "../account-input.ts";
import { languages } from "../mail/languages.ts";
import { readSession } from "../read-session.ts";
import { signIn } from "../sign-in.ts";
import { signOut } from "../sign-out.ts";
import { callerContext, type UserRouteDeps } from "./deps.ts";

const tags = ["sessions"];

const account = z.object({ id: z.string(), name: z.string(), email: z.string() }).openapi("Account");
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
    account: account.extend({ language: z.enum(languages) }),
    expiresAt: z.iso.datetime().meta({
      description: "Moved on while the session is used, but for one of staff who act as the account.",
    }),
    impersonatedBy: account
      .omit({ email: true })
      .openapi("Impersonator")
      .nullable()
      .meta({ description: "One of the platform's staff who acts as the account." }),
  })
  .openapi("Session");

const begin = route(
  { who: "anyone" },
  {
    method: "post",
    path: "/user/v1/sessions",
    tags,
    security: [],
    summary: "Sign in",
    request: { body: { required: true, content: { "application/json": { schema: credentials } } } },
    responses: withProblems(
      { 201: json("Signed in", begun) },
      ...bodyProblems,
      "sign_in_refused",
      "email_not_verified",
    ),
  },
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
  app.openapi(begin, async (c) => c.json(await signIn(callerContext(deps, c), c.req.valid("json")), 201));
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
