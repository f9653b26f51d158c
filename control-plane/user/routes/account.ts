import { z } from "@hono/zod-openapi";
import { body } from "../../http/params.ts";
import { bodyProblems, json, withProblems } from "../../http/responses.ts";
import { route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import { accountChange, emailChange, emailChangeCode, passwordChange } from "../account/account-input.ts";
import { changeAccount } from "../account/change-account.ts";
import { changePassword } from "../account/change-password.ts";
import { confirmEmailChange } from "../account/confirm-email-change.ts";
import { requestEmailChange } from "../account/request-email-change.ts";
import { countMail } from "../mail/count-mail.ts";
import { readSession } from "../session/read-session.ts";
import { callerContext, type UserRouteDeps } from "./deps.ts";
import { done } from "./done.ts";
import { ownAccount } from "./own-account.ts";

const tags = ["own account"];
const access = { who: "person", inPerson: true } as const;

const change = route(access, {
  method: "patch",
  path: "/user/v1/account",
  tags,
  summary: "Change one's name or language",
  request: { body: body(accountChange) },
  responses: withProblems({ 200: json("As it is now", ownAccount) }, ...bodyProblems),
});

const password = route(
  access,
  {
    method: "put",
    path: "/user/v1/account/password",
    tags,
    summary: "Change one's password",
    description: "Ends every other session of the account, and its mailed codes. The owner is told by mail.",
    request: { body: body(passwordChange) },
    responses: withProblems({ 200: json("Changed", done) }, ...bodyProblems, "wrong_password"),
  },
  "sign_in",
);

const askEmail = route(
  access,
  {
    method: "post",
    path: "/user/v1/account/email",
    tags,
    summary: "Ask for another e-mail address",
    description:
      "Mails a code to the new address and a notice to the present one. The answer is the same for an address that has an account already; its owner is told by mail.",
    request: { body: body(emailChange) },
    responses: withProblems({ 202: json("Accepted", done) }, ...bodyProblems, "wrong_password"),
  },
  "mails_from",
);

const confirmEmail = route(
  access,
  {
    method: "post",
    path: "/user/v1/account/email/confirmation",
    tags,
    summary: "Confirm the new e-mail address",
    description: "By the mailed code, which works for an hour and once.",
    request: { body: body(emailChangeCode) },
    responses: withProblems(
      { 200: json("Changed", z.object({ email: z.string() })) },
      ...bodyProblems,
      "code_expired",
    ),
  },
  "mailed_codes",
);

/** What people do with their own account while they are signed in. */
export function addOwnAccountRoutes(app: ServiceApp, deps: UserRouteDeps): void {
  app.openapi(change, async (c) => {
    const ctx = callerContext(deps, c);
    return c.json(await changeAccount(ctx, await readSession(ctx), c.req.valid("json")), 200);
  });
  app.openapi(password, async (c) => {
    const ctx = callerContext(deps, c);
    await changePassword(ctx, await readSession(ctx), c.req.valid("json"));
    return c.json({ detail: "The password is changed, and every other session is ended." }, 200);
  });
  app.openapi(askEmail, async (c) => {
    const ctx = callerContext(deps, c);
    const input = c.req.valid("json");
    await countMail(deps.limiter, ctx.caller, { kind: "change", to: input.email });
    await requestEmailChange(ctx, await readSession(ctx), input);
    return c.json(
      { detail: "If the address is free, a mail with a code is on its way to it. Stay signed in." },
      202,
    );
  });
  app.openapi(confirmEmail, async (c) => {
    const ctx = callerContext(deps, c);
    const email = await confirmEmailChange(ctx, await readSession(ctx), c.req.valid("json").code);
    return c.json({ email }, 200);
  });
}
