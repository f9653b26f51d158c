import { describe, expect, test, vi } from "vitest";
import { withClient } from "../../control-plane/database.ts";
import { smtpMailer } from "../../control-plane/mail/mailer.ts";
import { until } from "../../control-plane/until.ts";
import { as, codeIn, freshAddress, open, password, people, withMail } from "./people.ts";
import { type Problem, withServices } from "./support.ts";

const mail = await withMail();
const { catcher } = mail;
const t = withServices({ mailer: mail.mailer });
const { confirm, signUp, signIn, verified } = people(t, mail);
const current = (token: string) => t.call("GET", "/user/v1/sessions/current", undefined, as(token));

/** Milliseconds that an answer takes at least where its time would tell; a timer may be early by some. */
const whileMs = 390;

async function time(ask: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await ask();
  return performance.now() - from;
}

/** How long it takes to refuse a sign-in with a wrong password. */
const refusal = (email: string) =>
  time(() => t.expect(401, "POST", "/user/v1/sessions", { email, password: "wrong password" }, open));

/** An answer without what is of one request only. */
async function told(response: Response): Promise<unknown> {
  const { requestId: _, ...body } = (await response.json()) as Record<string, unknown>;
  return { status: response.status, body };
}

describe("a newcomer", () => {
  test("signs up, confirms the address by the mail, signs in, is known, and signs out", async () => {
    const email = freshAddress();
    expect((await signUp(email.toUpperCase())).status).toBe(202);
    const early = await t.expect<Problem>(403, "POST", "/user/v1/sessions", { email, password }, open);
    expect(early.code).toBe("email_not_verified");
    const letter = await catcher.take(email, /^Confirm your e-mail address$/);
    expect(letter.from?.text).toBe("berth@localhost");
    expect(letter.html).toContain('<html lang="en">');
    const code = codeIn(letter);
    expect((await confirm(code)).status).toBe(200);
    expect((await confirm(code)).status).toBe(200);

    const { token, account } = await signIn(email);
    expect(account).toEqual({ id: expect.stringMatching(/^usr_/), name: "Ada", email });
    const seen = (await (await current(token)).json()) as { account: unknown; expiresAt: string };
    expect(seen.account).toEqual({ ...account, language: "en", twoFactor: false });
    expect(Date.parse(seen.expiresAt)).toBeGreaterThan(Date.now() + 6 * 86_400_000);

    const out = await t.call("DELETE", "/user/v1/sessions/current", undefined, as(token));
    expect(out.status).toBe(204);
    expect((await current(token)).status).toBe(401);

    const rows = await t.rows(
      "auth",
      "select action, actor, target from audit where target = $1 order by id",
      [account.id],
    );
    expect(rows.map(({ action }) => action)).toEqual([
      "account.sign-up",
      "account.confirm-email",
      "session.begin",
      "session.end",
    ]);
    expect(rows.at(-1)?.actor).toBe(`user:${account.id}`);
    for (const secret of [password, token, code]) expect(t.logged()).not.toContain(secret);
    const stored = JSON.stringify(await t.rows("auth", "select * from accounts"));
    expect(stored).not.toContain(password);
  });

  test.each([
    ["fr", /^Confirmez votre adresse/],
    ["de", /^Bestätigen Sie Ihre/],
    ["es", /^Confirme su dirección/],
  ])("is written to in the language they chose: %s", async (language, subject) => {
    const email = freshAddress();
    await signUp(email, { language });
    const letter = await catcher.take(email, subject);
    expect(letter.html).toContain(`<html lang="${language}">`);
  });

  test("may ask for another code", async () => {
    const email = freshAddress();
    await signUp(email);
    await catcher.take(email, /Confirm/);
    await t.expect(202, "POST", "/user/v1/email-verification", { email }, open);
    expect((await confirm(codeIn(await catcher.take(email, /Confirm/)))).status).toBe(200);
    await signIn(email);
  });
});

test("a mail that nobody takes is in the log, and may be asked for again", async () => {
  const email = freshAddress();
  const post = (mailer: ReturnType<typeof smtpMailer>) =>
    mailer.send({ to: email, subject: "s", text: "t", html: "h" });
  await expect(
    post(smtpMailer({ url: "smtp://127.0.0.1:1", password: undefined, from: "b@localhost" })),
  ).rejects.toThrow(/ECONNREFUSED/);
  catcher.refuse = true;
  try {
    expect((await signUp(email)).status).toBe(202);
    await until(() => /a mail could not be sent/.test(t.logged()), {
      what: "the log to tell of it",
      deadlineMs: 10_000,
      everyMs: 5,
    });
  } finally {
    catcher.refuse = false;
  }
  await t.expect(202, "POST", "/user/v1/email-verification", { email }, open);
  await catcher.take(email, /Confirm/);
});

describe("somebody who signs up with another's address", () => {
  test("does not have their own password confirmed: the reader of the mail is asked for the one they chose", async () => {
    const email = freshAddress();
    await signUp(email, { name: "Mallory", password: "mallory's password" });
    const theirs = codeIn(await catcher.take(email, /Confirm/));
    expect((await confirm(theirs)).status).toBe(401);
    expect((await signUp(email)).status).toBe(202);
    const hers = codeIn(await catcher.take(email, /Confirm/));
    expect((await confirm(hers, "mallory's password")).status).toBe(401);
    expect((await confirm(hers)).status).toBe(200);
    await t.expect(401, "POST", "/user/v1/sessions", { email, password: "mallory's password" }, open);
    expect((await signIn(email)).account.name).toBe("Ada");
    // Once it is confirmed, another's sign-up changes nothing.
    await signUp(email, { name: "Mallory", password: "mallory's password" });
    expect((await signIn(email)).account.name).toBe("Ada");
  });
});

test("a password that is replaced in the moment of a confirmation is not the one that is confirmed", async () => {
  const email = freshAddress();
  await signUp(email);
  const code = codeIn(await catcher.take(email, /Confirm/));
  const other = freshAddress();
  await signUp(other, { password: "mallory's password" });
  const { server, names } = t.databases;
  await withClient(server.login("postgres", names.auth), "test", async (client) => {
    // As a sign-up anew does: the account is held, then its password written.
    await client.query("begin");
    const { rows } = await client.query("select id from users where email = $1 for update", [email]);
    const confirmation = confirm(code);
    const waiting =
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    await until(async () => (await server.sql(waiting, [], names.auth)).length > 0, {
      what: "the confirmation to wait for the account",
      deadlineMs: 10_000,
      everyMs: 5,
    });
    // Another account's hash, of another password.
    await client.query(
      `update accounts set password = (select a.password from accounts a join users u on u.id = a.user_id
         where u.email = $1) where user_id = $2`,
      [other, rows[0]?.id],
    );
    await client.query("commit");
    expect((await confirmation).status).toBe(401);
  });
  expect((await t.call("POST", "/user/v1/sessions", { email, password }, open)).status).toBe(401);
});

describe("nobody is told who has an account", () => {
  test("by signing up: the answer is the same, the owner gets a mail, and nothing is changed", async () => {
    const email = await verified();
    const again = await signUp(email, { name: "Mallory", password: "another password" });
    expect(await told(again)).toEqual(await told(await signUp(freshAddress())));
    await catcher.take(email, /already/);
    expect((await signIn(email)).account.name).toBe("Ada");
    await t.expect(401, "POST", "/user/v1/sessions", { email, password: "another password" }, open);
  });

  test("by how long it takes to sign up or to ask for a code: every answer takes the same while", async () => {
    const unconfirmed = freshAddress();
    await signUp(unconfirmed);
    const known = await verified();
    for (const path of ["accounts", "password-resets", "email-verification"]) {
      for (const [which, email] of Object.entries({ unknown: freshAddress(), known, unconfirmed })) {
        const body = path === "accounts" ? { name: "Ada", email, password } : { email };
        const took = await time(() => t.expect(202, "POST", `/user/v1/${path}`, body, open));
        expect(took, `${path}, ${which} address`).toBeGreaterThan(whileMs);
      }
    }
  });

  test("by how long it takes to sign in: a password is hashed for nobody, too", async () => {
    const email = await verified();
    const took = { known: [] as number[], nobody: [] as number[] };
    for (let n = 0; n < 5; n++) {
      took.known.push(await refusal(email));
      took.nobody.push(await refusal(freshAddress()));
    }
    const median = (all: number[]) => all.toSorted((a, b) => a - b)[2] ?? Number.NaN;
    expect(median(took.nobody)).toBeGreaterThan(median(took.known) / 2);
  });

  test("by signing in", async () => {
    const email = await verified();
    const wrong = await t.call("POST", "/user/v1/sessions", { email, password: "wrong password" }, open);
    const unknown = await t.call("POST", "/user/v1/sessions", { email: freshAddress(), password }, open);
    expect(await told(wrong)).toEqual(await told(unknown));
    expect(wrong.status).toBe(401);
  });

  test("by asking for a new password or another link", async () => {
    const unconfirmed = freshAddress();
    await signUp(unconfirmed);
    const addresses = [await verified(), unconfirmed, freshAddress()];
    for (const path of ["/user/v1/password-resets", "/user/v1/email-verification"]) {
      const answers = await Promise.all(addresses.map((email) => t.call("POST", path, { email }, open)));
      const [first, ...others] = await Promise.all(answers.map(told));
      expect(first).toMatchObject({ status: 202 });
      for (const other of others) expect(other).toEqual(first);
    }
  });

  test("by signing up twice at once: one account, and both answers say the same", async () => {
    const email = freshAddress();
    const answers = await Promise.all([signUp(email), signUp(email), signUp(email)]);
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    expect(await t.rows("auth", "select id from users where email = $1", [email])).toHaveLength(1);
    expect((await confirm(codeIn(await catcher.take(email, /Confirm/)))).status).toBe(200);
    await signIn(email);
  });
});

describe("a forgotten password", () => {
  test("is replaced by the mailed code, once, and every session ends", async () => {
    const email = await verified({ language: "en" });
    const before = await signIn(email);
    for (let n = 0; n < 2; n++) await t.expect(202, "POST", "/user/v1/password-resets", { email }, open);
    const other = codeIn(await catcher.take(email, /new password/));
    const letter = await catcher.take(email, /new password/);
    const code = codeIn(letter);
    const stored = JSON.stringify(await t.rows("auth", "select * from verifications"));
    expect(stored).not.toContain(code);
    const next = "a quite different one";
    await t.expect(200, "PUT", "/user/v1/password", { code, password: next }, open);
    expect((await current(before.token)).status).toBe(401);
    await t.expect(401, "POST", "/user/v1/sessions", { email, password }, open);
    await signIn(email, next);
    for (const one of [code, other]) {
      const refused = await t.expect<Problem>(410, "PUT", "/user/v1/password", { code: one, password }, open);
      expect(refused.code).toBe("code_expired");
    }
    expect(t.logged()).not.toContain(code);
  });
});

describe("what does not fit is refused with a sentence", () => {
  test.each([
    ["a name that would be a header", { name: "Ada\r\nBcc: all@acme.example" }, "name"],
    ["a name with invisible characters", { name: "Ada\u202eecila" }, "name"],
    ["an address that looks like another", { email: "аda@acme.example" }, "email"],
    ["no address", { email: "ada" }, "email"],
    ["two addresses", { email: "ada@acme.example,eve@acme.example" }, "email"],
    ["a short password", { password: "short" }, "password"],
    ["a long password", { password: "x".repeat(129) }, "password"],
    ["a language that we do not write", { language: "xx" }, "language"],
    ["a field that is not there", { role: "admin" }, "role"],
    ["a confirmed address by one's own word", { emailVerified: true }, "emailVerified"],
  ])("%s", async (_what, more, field) => {
    const problem = (await (await signUp(freshAddress(), more)).json()) as Problem;
    expect(problem).toMatchObject({ status: 422, code: "validation_failed" });
    expect(JSON.stringify(problem)).toContain(field);
  });

  test("a password that is more than a body may have", async () => {
    const huge = "x".repeat(1_100_000);
    expect((await signUp(freshAddress(), { password: huge })).status).toBe(413);
    const signing = await t.call(
      "POST",
      "/user/v1/sessions",
      { email: freshAddress(), password: huge },
      open,
    );
    expect(signing.status).toBe(413);
  });

  test.each([
    ["signing up", "/user/v1/accounts", { name: "Ada" }, "must have 128 characters at most"],
    ["signing in", "/user/v1/sessions", {}, expect.stringContaining("1000 characters")],
  ])(
    "a password of a million characters, in less time than to hash one: %s",
    async (_what, path, more, message) => {
      const body = { ...more, email: freshAddress(), password: "x".repeat(1_000_000) };
      const took = { huge: [] as number[], hashed: [] as number[] };
      for (let n = 0; n < 3; n++) {
        took.huge.push(
          await time(async () => {
            const { errors } = await t.expect<Problem>(422, "POST", path, body, open);
            expect(errors).toEqual([{ path: "password", message }]);
          }),
        );
        took.hashed.push(await refusal(freshAddress()));
      }
      expect(Math.min(...took.huge)).toBeLessThan(Math.min(...took.hashed));
    },
  );

  test("a code that was cut, swapped, made up or is too old", async () => {
    const email = freshAddress();
    await signUp(email);
    const code = codeIn(await catcher.take(email, /Confirm/));
    const [head, payload, signature] = code.split(".");
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    for (const one of [
      code.slice(0, -2),
      `${head}.${part({ email: "eve@acme.example" })}.${signature}`,
      `${head}.${part({ email: "\u0000" })}.${signature}`,
      `${part({ alg: "none" })}.${payload}.`,
      "made.up.code",
    ]) {
      const refused = await confirm(one);
      expect(refused.status, one).toBe(410);
      expect(await refused.json()).toMatchObject({ code: "code_expired" });
    }
    for (const one of ["made-up", "a b.c.d", "", "\u0000.a.b"])
      expect((await confirm(one)).status, one).toBe(422);
    const reset = await t.call("PUT", "/user/v1/password", { code: "a\u0000b", password }, open);
    expect(reset.status).toBe(422);
    vi.useFakeTimers({ now: Date.now() + 2 * 3_600_000, toFake: ["Date"] });
    try {
      expect((await confirm(code)).status).toBe(410);
    } finally {
      vi.useRealTimers();
    }
    expect((await t.call("POST", "/user/v1/sessions", { email, password }, open)).status).toBe(403);
    expect((await confirm(code)).status).toBe(200);
  });

  test("a session's token that was changed, and a key where a person is asked for", async () => {
    const { token } = await signIn(await verified());
    for (const one of [`${token.slice(0, -1)}${token.endsWith("x") ? "y" : "x"}`, `${token}.x`, "", "x"])
      expect((await current(one)).status, one).toBe(401);
    expect((await t.call("GET", "/user/v1/sessions/current")).status).toBe(403);
  });
});
