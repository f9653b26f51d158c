import { body } from "../../http/params.ts";
import { bodyProblems, json, withProblems } from "../../http/responses.ts";
import { route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import { addressOnly, confirmation, newAccount, newPassword } from "../account/account-input.ts";
import { confirmEmail } from "../account/confirm-email.ts";
import { requestPasswordReset } from "../account/request-password-reset.ts";
import { resetPassword } from "../account/reset-password.ts";
import { sendVerification } from "../account/send-verification.ts";
import { signUp } from "../account/sign-up.ts";
import { countMail } from "../mail/count-mail.ts";
import { callerContext, type UserRouteDeps } from "./deps.ts";
import { done } from "./done.ts";

const tags = ["accounts"];

const create = route(
  { who: "anyone" },
  {
    method: "post",
    path: "/user/v1/accounts",
    tags,
    summary: "Sign up",
    description:
      "Mails a code that confirms the address. The answer is the same for an address that has an account already; its owner is told by mail.",
    request: { body: body(newAccount) },
    responses: withProblems({ 202: json("Accepted", done) }, ...bodyProblems),
  },
  "sign_up",
  "mails_from",
);

const confirm = route(
  { who: "anyone" },
  {
    method: "post",
    path: "/user/v1/email-confirmation",
    tags,
    summary: "Confirm an e-mail address",
    description: "By the mailed code, which works for an hour, and the account's password. May be repeated.",
    request: { body: body(confirmation) },
    responses: withProblems(
      { 200: json("Confirmed", done) },
      ...bodyProblems,
      "code_expired",
      "sign_in_refused",
    ),
  },
  "mailed_codes",
);

const verifyAgain = route(
  { who: "anyone" },
  {
    method: "post",
    path: "/user/v1/email-verification",
    tags,
    summary: "Mail another code",
    request: { body: body(addressOnly) },
    responses: withProblems({ 202: json("Accepted", done) }, ...bodyProblems),
  },
  "mails_from",
);

const forgot = route(
  { who: "anyone" },
  {
    method: "post",
    path: "/user/v1/password-resets",
    tags,
    summary: "Ask for a code to set a new password",
    request: { body: body(addressOnly) },
    responses: withProblems({ 202: json("Accepted", done) }, ...bodyProblems),
  },
  "mails_from",
);

const reset = route(
  { who: "anyone" },
  {
    method: "put",
    path: "/user/v1/password",
    tags,
    summary: "Set a new password by the mailed code",
    description:
      "Ends every session of the account. A second factor stays, and is asked for at the next sign-in.",
    request: { body: body(newPassword) },
    responses: withProblems({ 200: json("Set", done) }, ...bodyProblems, "code_expired"),
  },
  "mailed_codes",
);

const ifThereIs = { detail: "If there is such an account, a mail with a code is on its way to it." };

/** What people do with an account while they are not signed in. */
export function addAccountRoutes(app: ServiceApp, deps: UserRouteDeps): void {
  app.openapi(create, async (c) => {
    const input = c.req.valid("json");
    await countMail(deps.limiter, c.get("caller"), { kind: "sign-up", to: input.email });
    await signUp(callerContext(deps, c), input);
    return c.json(
      {
        detail:
          "A mail is on its way to this address. Confirm it with the code in it and your password, then sign in.",
      },
      202,
    );
  });
  app.openapi(confirm, async (c) => {
    await confirmEmail(callerContext(deps, c), c.req.valid("json"));
    return c.json({ detail: "Your e-mail address is confirmed. You can sign in now." }, 200);
  });
  app.openapi(verifyAgain, async (c) => {
    const { email } = c.req.valid("json");
    await countMail(deps.limiter, c.get("caller"), { kind: "verification", to: email });
    await sendVerification(callerContext(deps, c), email);
    return c.json(ifThereIs, 202);
  });
  app.openapi(forgot, async (c) => {
    const { email } = c.req.valid("json");
    await countMail(deps.limiter, c.get("caller"), { kind: "reset", to: email });
    await requestPasswordReset(callerContext(deps, c), email);
    return c.json(ifThereIs, 202);
  });
  app.openapi(reset, async (c) => {
    await resetPassword(callerContext(deps, c), c.req.valid("json"));
    return c.json({ detail: "The new password is set. Sign in with it." }, 200);
  });
}
