import { randomBytes } from "node:crypto";
import { TOTP, URI } from "otpauth";
import { afterAll } from "vitest";
import { smtpMailer } from "../../control-plane/mail/mailer.ts";
import { catchMails } from "../support/mail-catcher.ts";
import type { TestServices } from "./support.ts";

/** Headers of nobody, and of a session. */
export const open = { authorization: "" };
export const as = (token: string) => ({ authorization: `Bearer ${token}` });
export const password = "correct horse battery";
export const freshAddress = () => `ada-${randomBytes(5).toString("hex")}@acme.example`;
/** The code in a mail: a paragraph of its own. */
export const codeIn = ({ text }: { text?: string | undefined }) =>
  /\n\n(\S{20,})\n/.exec(text ?? "")?.[1] ?? "";

/** What an authenticator shows, or did or will some steps of half a minute from now. */
export function codeOf(uri: string, steps = 0): string {
  const totp = URI.parse(uri);
  if (!(totp instanceof TOTP)) throw new Error(`${uri} is of another kind.`);
  return totp.generate({ timestamp: Date.now() + steps * 30_000 });
}

interface SignedIn {
  token: string;
  account: { id: string; name: string; email: string };
}

/** A mail server of the file's own, gone after its tests, and the mailer that sends to it. */
export async function withMail() {
  const catcher = await catchMails();
  afterAll(() => catcher.close());
  const mailer = smtpMailer({ url: catcher.url, password: undefined, from: "berth@localhost" });
  return { catcher, mailer };
}

/** What people do, by the services and mails of one file. */
export function people(t: TestServices, { catcher }: Awaited<ReturnType<typeof withMail>>) {
  const confirm = (code: string, secret = password) =>
    t.call("POST", "/user/v1/email-confirmation", { code, password: secret }, open);
  const signUp = (email: string, more: Record<string, unknown> = {}) =>
    t.call("POST", "/user/v1/accounts", { name: "Ada", email, password, ...more }, open);
  const signIn = (email: string, secret = password) =>
    t.expect<SignedIn>(201, "POST", "/user/v1/sessions", { email, password: secret }, open);
  return {
    confirm,
    signUp,
    signIn,
    /** Signs in to an account with two factors, as far as the password leads. */
    challenge: async (email: string, secret = password) => {
      const body = { email, password: secret };
      return (await t.expect<{ challenge: string }>(202, "POST", "/user/v1/sessions", body, open)).challenge;
    },
    /** Sets up a second factor, confirms it by the present code, and gives what proves it. */
    async secondFactor(token: string): Promise<{ uri: string; backupCodes: string[] }> {
      const path = "/user/v1/two-factor";
      const made = await t.expect<{ uri: string; backupCodes: string[] }>(
        201,
        "POST",
        path,
        { password },
        as(token),
      );
      await t.expect(200, "POST", `${path}/confirmation`, { code: codeOf(made.uri) }, as(token));
      return made;
    },
    /** Signs up, confirms, and gives the address. */
    async verified(more: Record<string, unknown> = {}): Promise<string> {
      const email = freshAddress();
      await signUp(email, more);
      const answer = await confirm(codeIn(await catcher.take(email, /Confirm/)));
      if (answer.status !== 200) throw new Error(`${email} was not confirmed: ${await answer.text()}`);
      return email;
    },
  };
}
