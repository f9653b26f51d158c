import { randomBytes } from "node:crypto";
import { TOTP, URI } from "otpauth";
import { afterAll } from "vitest";
import type { Role } from "../../control-plane/access/roles.ts";
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

export const organizationsPath = "/user/v1/organizations";

export interface Person {
  id: string;
  name: string;
  email: string;
  token: string;
  headers: Record<string, string>;
}

export interface Organization {
  id: string;
  name: string;
  role: Role | null;
  createdAt: string;
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
  /** Signs up, confirms, and gives the address. */
  const verified = async (more: Record<string, unknown> = {}): Promise<string> => {
    const email = freshAddress();
    await signUp(email, more);
    const answer = await confirm(codeIn(await catcher.take(email, /^(Confirm|Bestätigen)/)));
    if (answer.status !== 200) throw new Error(`${email} was not confirmed: ${await answer.text()}`);
    return email;
  };
  /** Somebody who has signed in. */
  const person = async (more: Record<string, unknown> = {}): Promise<Person> => {
    const { token, account } = await signIn(await verified(more));
    return { ...account, token, headers: as(token) };
  };
  /** An organisation that somebody makes. */
  const found = ({ headers }: Person, name = "Acme") =>
    t.expect<Organization>(201, "POST", organizationsPath, { name }, headers);
  const invite = (inviter: Person, organization: string, email: string, role: Role) =>
    t.call("POST", `${organizationsPath}/${organization}/invitations`, { email, role }, inviter.headers);
  const accept = (invitation: string, { headers }: Person) =>
    t.call("POST", `/user/v1/invitations/${invitation}/acceptance`, undefined, headers);
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
    async secondFactor(token: string, secret = password): Promise<{ uri: string; backupCodes: string[] }> {
      const path = "/user/v1/two-factor";
      const made = await t.expect<{ uri: string; backupCodes: string[] }>(
        201,
        "POST",
        path,
        { password: secret },
        as(token),
      );
      await t.expect(200, "POST", `${path}/confirmation`, { code: codeOf(made.uri) }, as(token));
      return made;
    },
    verified,
    person,
    found,
    invite,
    accept,
    /** Somebody new who has been invited and has accepted. */
    async member(inviter: Person, organization: string, role: Role): Promise<Person> {
      const one = await person();
      const sent = await invite(inviter, organization, one.email, role);
      const { id } = (await sent.json()) as { id: string };
      const answer = await accept(id, one);
      if (answer.status !== 200) throw new Error(`${one.email} did not join: ${await answer.text()}`);
      return one;
    },
  };
}
