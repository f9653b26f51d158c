import { randomBytes } from "node:crypto";
import { afterAll } from "vitest";
import type { Role } from "../../control-plane/access/roles.ts";
import { newId } from "../../control-plane/ids.ts";
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

export interface SignedIn {
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
    const letter = await catcher.take(email, /Confirm|Bestätigen/);
    const answer = await confirm(codeIn(letter));
    if (answer.status !== 200) throw new Error(`${email} was not confirmed: ${await answer.text()}`);
    return email;
  };
  /** Makes somebody a member, or gives them another role. */
  const join = (organization: string, user: string, role: Role) =>
    t.rows(
      "auth",
      `insert into members (id, organization_id, user_id, role) values ($1, $2, $3, $4)
       on conflict (user_id, organization_id) do update set role = excluded.role`,
      [newId("mem"), organization, user, role],
    );
  return {
    confirm,
    signUp,
    signIn,
    verified,
    join,
    /** Somebody who has signed in. */
    person: async (more: Record<string, unknown> = {}) => signIn(await verified(more)),
    /** The same, one of the staff. */
    async staffMember(): Promise<SignedIn> {
      const email = await verified();
      await t.rows("auth", "update users set staff = true where email = $1", [email]);
      return signIn(email);
    },
    /** An organisation, with somebody in it. */
    async organization(user: string, role: Role = "owner"): Promise<string> {
      const id = newId("org");
      await t.rows("auth", "insert into organizations (id, name, slug) values ($1, 'Acme', $1)", [id]);
      await join(id, user, role);
      return id;
    },
  };
}
