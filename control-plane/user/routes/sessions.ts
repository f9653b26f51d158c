import { createRoute, z } from "@hono/zod-openapi";
import { bodyProblems, json, withProblems } from "../../http/responses.ts";
import type { ServiceApp } from "../../http/service.ts";
import { credentials } from "../account-input.ts";
import { languages } from "../mail/languages.ts";
import { signIn } from "../sign-in.ts";
import { signOut } from "../sign-out.ts";
import { callerContext, signedIn, type UserRouteDeps } from "./deps.ts";

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
    expiresAt: z.iso.datetime().meta({ description: "Moved on while the session is used." }),
  })
  .openapi("Session");

const begin = createRoute({
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
});

const read = createRoute({
  method: "get",
  path: "/user/v1/sessions/current",
  tags,
  security: [{ session: [] }],
  summary: "Who is signed in",
  responses: withProblems({ 200: json("The session", current) }, "not_signed_in"),
});

const end = createRoute({
  method: "delete",
  path: "/user/v1/sessions/current",
  tags,
  security: [{ session: [] }],
  summary: "Sign out",
  responses: withProblems({ 204: { description: "Signed out" } }, "not_signed_in"),
});

/** Signing in and out. */
export function addSessionRoutes(app: ServiceApp, deps: UserRouteDeps): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "session", { type: "http", scheme: "bearer" });
  app.openapi(begin, async (c) => c.json(await signIn(callerContext(deps, c), c.req.valid("json")), 201));
  app.openapi(read, async (c) => {
    const { session } = await signedIn(deps, c);
    return c.json({ account: session.account, expiresAt: session.expiresAt.toISOString() }, 200);
  });
  app.openapi(end, async (c) => {
    const { ctx, session } = await signedIn(deps, c);
    await signOut(ctx, session);
    return c.body(null, 204);
  });
}
