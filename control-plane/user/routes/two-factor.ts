import { z } from "@hono/zod-openapi";
import { body } from "../../http/params.ts";
import { bodyProblems, json, withProblems } from "../../http/responses.ts";
import { route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import { passwordOnly } from "../account/account-input.ts";
import { readSession } from "../session/read-session.ts";
import { beginTwoFactor } from "../two-factor/begin-two-factor.ts";
import { confirmTwoFactor } from "../two-factor/confirm-two-factor.ts";
import { removeTwoFactor } from "../two-factor/remove-two-factor.ts";
import { renewBackupCodes } from "../two-factor/renew-backup-codes.ts";
import { codeOnly, passwordAndCode, passwordAndFactor } from "../two-factor/second-factor-input.ts";
import { callerContext, type UserRouteDeps } from "./deps.ts";
import { done } from "./done.ts";

const tags = ["two factors"];
const access = { who: "person", inPerson: true } as const;

const backupCodes = z
  .array(z.string())
  .meta({ description: "Each works once in place of a code. They are not shown again." });

const begin = route(
  access,
  {
    method: "post",
    path: "/user/v1/two-factor",
    tags,
    summary: "Set up a second factor",
    description:
      "It is not asked for before it is confirmed by a code; until then this begins anew. Takes no Idempotency-Key, as its answer is not kept.",
    request: { body: body(passwordOnly) },
    responses: withProblems(
      {
        201: json(
          "What an authenticator is set up with",
          z
            .object({
              uri: z
                .string()
                .meta({ description: "To be shown as a picture.", example: "otpauth://totp/..." }),
              secret: z.string().meta({ description: "The same to be typed, in base32." }),
              backupCodes,
            })
            .openapi("NewTwoFactor"),
        ),
      },
      ...bodyProblems,
      "wrong_password",
      "conflict",
    ),
  },
  "sign_in",
);

const confirm = route(
  access,
  {
    method: "post",
    path: "/user/v1/two-factor/confirmation",
    tags,
    summary: "Confirm the second factor by a code",
    description: "From then on it is asked for at every sign-in. Every other session of the account ends.",
    request: { body: body(codeOnly) },
    responses: withProblems(
      { 200: json("Confirmed", done) },
      ...bodyProblems,
      "wrong_code",
      "conflict",
      "too_many_requests",
    ),
  },
  "second_factor",
);

const remove = route(
  access,
  {
    method: "delete",
    path: "/user/v1/two-factor",
    tags,
    summary: "Remove the second factor",
    description: "By the password and a code, or a backup code.",
    request: { body: body(passwordAndFactor) },
    responses: withProblems(
      { 204: { description: "Removed" } },
      ...bodyProblems,
      "wrong_password",
      "wrong_code",
      "conflict",
      "too_many_requests",
    ),
  },
  "second_factor",
);

const renew = route(
  access,
  {
    method: "post",
    path: "/user/v1/two-factor/backup-codes",
    tags,
    summary: "New backup codes",
    description: "The old ones work no more.",
    request: { body: body(passwordAndCode) },
    responses: withProblems(
      { 200: json("The new codes", z.object({ backupCodes })) },
      ...bodyProblems,
      "wrong_password",
      "wrong_code",
      "conflict",
      "too_many_requests",
    ),
  },
  "second_factor",
);

/** A second factor of one's own. */
export function addTwoFactorRoutes(app: ServiceApp, deps: UserRouteDeps): void {
  app.openapi(begin, async (c) => {
    const ctx = callerContext(deps, c);
    return c.json(await beginTwoFactor(ctx, await readSession(ctx), c.req.valid("json").password), 201);
  });
  app.openapi(confirm, async (c) => {
    const ctx = callerContext(deps, c);
    await confirmTwoFactor(ctx, await readSession(ctx), c.req.valid("json").code);
    return c.json({ detail: "The second factor is asked for from now on. Keep the backup codes safe." }, 200);
  });
  app.openapi(remove, async (c) => {
    const ctx = callerContext(deps, c);
    await removeTwoFactor(ctx, await readSession(ctx), c.req.valid("json"));
    return c.body(null, 204);
  });
  app.openapi(renew, async (c) => {
    const ctx = callerContext(deps, c);
    return c.json(
      { backupCodes: await renewBackupCodes(ctx, await readSession(ctx), c.req.valid("json")) },
      200,
    );
  });
}
