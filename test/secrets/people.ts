import { randomBytes } from "node:crypto";
import { Secret as OtpSecret, URI } from "otpauth";
import { as, codeOf } from "../control-plane/people.ts";
import { signByHand } from "../control-plane/supabase-project.ts";
import { freshPassword } from "./planted.ts";
import type { Run } from "./run.ts";

const v1 = "/user/v1";

/** Characters of a key that its list shows: by them a person tells it from others, and they are no secret. */
export const shownOfKey = 12;

export interface Somebody {
  name: string;
  email: string;
  password: string;
  headers: Record<string, string>;
}

/** What people do at the user service, with every secret that they have or are shown noted. */
export function peopleOf({ recorder, secrets, mail, known }: Run) {
  const note = <T extends string>(name: string, value: T) => secrets.add(name, value);

  async function signIn({
    name,
    email,
    password,
  }: Omit<Somebody, "headers">): Promise<Record<string, string>> {
    const answer = await recorder.expect<{ token: string }>(201, "POST", `${v1}/sessions`, {
      email,
      password,
    });
    note(`session token of ${name}`, answer.body.token);
    answer.shows(secrets.nameOf(answer.body.token));
    return as(answer.body.token);
  }

  return {
    signIn,
    /** Signs up, confirms by the mailed code, and signs in. */
    async person(name: string, email: string): Promise<Somebody> {
      const password = note(`password of ${name}`, freshPassword());
      await recorder.expect(202, "POST", `${v1}/accounts`, { name, email, password });
      const code = await mail.code(email);
      // Its last part signs it; the others say whose address it is.
      note(`mailed code of ${name}`, code.split(".")[2] ?? "");
      await recorder.expect(200, "POST", `${v1}/email-confirmation`, { code, password });
      return { name, email, password, headers: await signIn({ name, email, password }) };
    },
    async key(name: string, path: string, headers: Record<string, string>): Promise<string> {
      const body = { name, scope: "write" };
      const answer = await recorder.expect<{ key: string }>(201, "POST", path, body, headers);
      note(`API key of ${name}`, answer.body.key.slice(shownOfKey));
      answer.shows(`API key of ${name}`);
      return answer.body.key;
    },
    /** Sets up a second factor, signs in by it, and takes new backup codes. */
    async secondFactor({ name, email, password, headers }: Somebody): Promise<void> {
      const made = await recorder.expect<{ uri: string; backupCodes: string[] }>(
        201,
        "POST",
        `${v1}/two-factor`,
        { password },
        headers,
      );
      const secret = URI.parse(made.body.uri).secret;
      const own = [
        note(`two-factor secret of ${name}`, secret.base32),
        note(`two-factor secret of ${name}, decoded`, OtpSecret.fromBase32(secret.base32).utf8),
        ...made.body.backupCodes.map((code, n) => note(`backup code ${n} of ${name}`, code)),
      ];
      made.shows(...secrets.all.filter(({ value }) => own.includes(value)).map((one) => one.name));
      const confirm = { code: codeOf(made.body.uri) };
      await recorder.expect(200, "POST", `${v1}/two-factor/confirmation`, confirm, headers);
      const begun = await recorder.expect<{ challenge: string }>(202, "POST", `${v1}/sessions`, {
        email,
        password,
      });
      const { challenge } = begun.body;
      begun.shows("challenge of Ben");
      note("challenge of Ben", challenge);
      const [backupCode] = made.body.backupCodes;
      const wrong = { challenge, backupCode: "aaaaa-aaaaa" };
      await recorder.expect(403, "POST", `${v1}/sessions/second-factor`, wrong);
      const ended = await recorder.expect<{ token: string }>(201, "POST", `${v1}/sessions/second-factor`, {
        challenge,
        backupCode,
      });
      note(`session token of ${name}, by two factors`, ended.body.token);
      ended.shows(`session token of ${name}, by two factors`);
    },
    async resetPassword(one: Somebody): Promise<void> {
      await recorder.expect(202, "POST", `${v1}/password-resets`, { email: one.email });
      const code = note(`code for a new password of ${one.name}`, await mail.code(one.email));
      const password = note(`new password of ${one.name}`, freshPassword());
      await recorder.expect(200, "PUT", `${v1}/password`, { code, password });
      one.password = password;
      one.headers = await signIn(one);
    },
    async changeAddress(one: Somebody, email: string): Promise<void> {
      const body = { email, password: one.password };
      await recorder.expect(202, "POST", `${v1}/account/email`, body, one.headers);
      const code = note(`code for another address of ${one.name}`, await mail.code(email));
      await recorder.expect(200, "POST", `${v1}/account/email/confirmation`, { code }, one.headers);
      one.email = email;
    },
    /** The token of somebody who comes from Supabase, signed by the secret of the legacy kind. */
    async fromSupabase(project: Run["project"]): Promise<Record<string, string>> {
      const secret = known("Supabase's legacy secret (variable)");
      const token = await signByHand(secret, project.claims({ email: "sue@acme.example" }));
      note("Supabase token", token.split(".")[2] ?? "");
      return as(token);
    },
    random: () => randomBytes(24).toString("base64url"),
  };
}
