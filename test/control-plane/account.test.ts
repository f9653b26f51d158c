import { afterEach, describe, expect, test, vi } from "vitest";
import { as, codeIn, freshAddress, open, password, people, withMail } from "./people.ts";
import { type Problem, withServices } from "./support.ts";

const mail = await withMail();
const { catcher } = mail;
const t = withServices({ mailer: mail.mailer });
const { confirm, signIn, signUp, verified } = people(t, mail);
const path = "/user/v1/account";
afterEach(() => void vi.useRealTimers());

const call = (token: string, method: string, part: string, body: unknown) =>
  t.call(method, `${path}${part}`, body, as(token));
const current = (token: string) => t.call("GET", "/user/v1/sessions/current", undefined, as(token));
/** Asks for another address, and gives the code that is mailed to it. */
async function codeFor(token: string, email: string): Promise<string> {
  expect((await call(token, "POST", "/email", { email, password })).status).toBe(202);
  return codeIn(await catcher.take(email, /Confirm your new e-mail address/));
}
const confirmEmail = async (token: string, code: string) =>
  (await call(token, "POST", "/email/confirmation", { code })).status;

test("people change their name and language, and nothing else", async () => {
  const email = await verified();
  const { token, account } = await signIn(email);
  const changed = { ...account, name: "Ada King", language: "en", twoFactor: false };
  expect(await t.expect(200, "PATCH", path, { name: " Ada King " }, as(token))).toEqual(changed);
  const spanish = { ...changed, language: "es" };
  expect(await t.expect(200, "PATCH", path, { language: "es" }, as(token))).toEqual(spanish);
  expect(await t.expect(200, "PATCH", path, {}, as(token))).toEqual(spanish);
  expect(await (await current(token)).json()).toMatchObject({ account: spanish });
  for (const body of [
    { email: "eve@acme.example" },
    { staff: true },
    { emailVerified: true },
    { twoFactorEnabled: false },
    { name: "" },
    { name: "Ada\r\nBcc: all@acme.example" },
    { name: "Ada \ud800" },
    { language: "xx" },
  ]) {
    expect((await call(token, "PATCH", "", body)).status, JSON.stringify(body)).toBe(422);
  }
  const rows = await t.rows(
    "auth",
    "select before, after from audit where action = 'account.change' and target = $1 order by id",
    [account.id],
  );
  expect(rows).toEqual([
    { before: { name: "Ada", language: "en" }, after: { name: "Ada King", language: "en" } },
    { before: { name: "Ada King", language: "en" }, after: { name: "Ada King", language: "es" } },
  ]);
  await t.expect(202, "POST", "/user/v1/password-resets", { email }, open);
  await catcher.take(email, /Elija una contraseña nueva/);
});

test("what is about oneself is for the person alone: neither a key nor staff who act as them", async () => {
  const { token } = await signIn(await verified());
  await t.rows("auth", "update sessions set impersonated_by = $1 where token = $2", [t.staff.user, token]);
  for (const [method, part, body] of [
    ["PATCH", "", { name: "Eve" }],
    ["PUT", "/password", { current: password, password: "a quite different one" }],
    ["POST", "/email", { email: freshAddress(), password }],
    ["POST", "/email/confirmation", { code: "x".repeat(24) }],
  ] as const) {
    expect((await call(token, method, part, body)).status, part).toBe(403);
    expect((await t.call(method, `${path}${part}`, body)).status, part).toBe(403);
  }
});

describe("a password", () => {
  test("is changed by the present one; every other session and mailed code ends, and the owner is told", async () => {
    const own = await verified();
    const { token } = await signIn(own);
    await t.expect(200, "PATCH", path, { language: "de" }, as(token));
    const other = await signIn(own);
    await t.expect(202, "POST", "/user/v1/password-resets", { email: own }, open);
    const code = codeIn(await catcher.take(own, /Setzen Sie ein neues Passwort/));
    const next = "a quite different one";
    const change = (body: Record<string, string>) => call(token, "PUT", "/password", body);
    const refused = await change({ current: "not mine at all", password: next });
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ code: "wrong_password" });
    expect((await change({ current: password, password: "short" })).status).toBe(422);
    expect((await current(other.token)).status).toBe(200);

    expect((await change({ current: password, password: next })).status).toBe(200);
    expect((await current(token)).status).toBe(200);
    expect((await current(other.token)).status).toBe(401);
    await t.expect(401, "POST", "/user/v1/sessions", { email: own, password }, open);
    await signIn(own, next);
    await t.expect<Problem>(410, "PUT", "/user/v1/password", { code, password: "one more password" }, open);
    const letter = await catcher.take(own, /Ihr Passwort wurde geändert/);
    expect(letter.text).not.toContain(next);
    for (const secret of [password, next]) expect(t.logged()).not.toContain(secret);
  });

  test("that is set by a mailed code is told of as well", async () => {
    const email = await verified();
    await t.expect(202, "POST", "/user/v1/password-resets", { email }, open);
    const code = codeIn(await catcher.take(email, /Set a new password/));
    await t.expect(200, "PUT", "/user/v1/password", { code, password: "a quite different one" }, open);
    await catcher.take(email, /Your password was changed/);
  });

  test("is changed once by two who do so at the same moment", async () => {
    const email = await verified();
    const [one, two] = [await signIn(email), await signIn(email)];
    const answers = await Promise.all(
      [one, two].map(({ token }, n) =>
        call(token, "PUT", "/password", { current: password, password: `a quite different one ${n}` }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });
});

describe("an e-mail address", () => {
  test("is changed by the code that is mailed to the new one; the old one is told, and its codes end", async () => {
    const email = await verified();
    const { token, account } = await signIn(email);
    await t.expect(202, "POST", "/user/v1/password-resets", { email }, open);
    const reset = codeIn(await catcher.take(email, /Set a new password/));
    const next = freshAddress();
    expect((await call(token, "POST", "/email", { email: next, password: "another one" })).status).toBe(403);
    const code = await codeFor(token, next.toUpperCase().toLowerCase());
    await catcher.take(email, /is to have another e-mail address/);
    await signIn(email);
    expect(await confirmEmail(token, code)).toBe(200);
    await t.expect(401, "POST", "/user/v1/sessions", { email, password }, open);
    expect((await signIn(next)).account).toEqual({ ...account, email: next });
    expect(await (await current(token)).json()).toMatchObject({ account: { email: next } });
    for (const one of [code, "x".repeat(24)]) expect(await confirmEmail(token, one)).toBe(410);
    await t.expect(410, "PUT", "/user/v1/password", { code: reset, password: "one more password" }, open);
    const kept = JSON.stringify(await t.rows("auth", "select * from verifications"));
    expect(kept).not.toContain(code);
  });

  test("is not given to another account, nor after an hour, nor after a new password", async () => {
    const email = await verified();
    const { token } = await signIn(email);
    const next = freshAddress();
    const code = await codeFor(token, next);
    expect(await confirmEmail((await signIn(await verified())).token, code)).toBe(410);
    vi.useFakeTimers({ now: Date.now() + 3_600_001, toFake: ["Date"] });
    expect(await confirmEmail(token, code)).toBe(410);
    vi.useRealTimers();
    const body = { current: password, password: "a quite different one" };
    expect((await call(token, "PUT", "/password", body)).status).toBe(200);
    expect(await confirmEmail(token, code)).toBe(410);
    await signIn(email, body.password);
  });

  test("that another has is not told of, but to its owner", async () => {
    const [mine, theirs] = [await verified(), await verified()];
    const { token } = await signIn(mine);
    const asked = async (email: string) => {
      const answer = await call(token, "POST", "/email", { email, password });
      return [answer.status, await answer.text()];
    };
    expect(await asked(theirs)).toEqual(await asked(freshAddress()));
    await catcher.take(theirs, /Another account was to have your e-mail address/);
    expect((await call(token, "POST", "/email", { email: mine, password })).status).toBe(422);
  });

  test("goes to one of two who confirm it, and not to one that was taken since", async () => {
    const next = freshAddress();
    const three = [];
    for (let n = 0; n < 3; n++) {
      const { token } = await signIn(await verified());
      // One after another: their mails go to the same address.
      const code = await codeFor(token, next);
      three.push(() => confirmEmail(token, code));
    }
    const [one, two, late] = three;
    expect((await Promise.all([one?.(), two?.()])).toSorted()).toEqual([200, 410]);
    expect(await late?.()).toBe(410);
  });

  test("is not held by an account that was never confirmed", async () => {
    const next = freshAddress();
    await signUp(next, { name: "Mallory", password: "mallory's password" });
    const mallory = codeIn(await catcher.take(next, /^Confirm your e-mail address$/));
    const { token, account } = await signIn(await verified());
    expect(await confirmEmail(token, await codeFor(token, next))).toBe(200);
    expect((await signIn(next)).account.id).toBe(account.id);
    expect((await confirm(mallory, "mallory's password")).status).toBe(401);
  });
});

test("what cannot be written into the audit is not done, and no mail tells of it", async () => {
  const email = await verified();
  const { token } = await signIn(email);
  const stranger = freshAddress();
  const counts = () =>
    t.rows(
      "auth",
      `select (select count(*) from users) as users, (select count(*) from sessions) as sessions,
         (select count(*) from verifications) as codes, (select string_agg(password, '') from accounts) as passwords`,
    );
  const before = await counts();
  await t.rows("auth", "revoke insert on audit from auth_run");
  try {
    for (const [method, target, body, headers] of [
      ["POST", "/user/v1/accounts", { name: "Eve", email: stranger, password }, open],
      ["POST", "/user/v1/sessions", { email, password }, open],
      ["POST", "/user/v1/password-resets", { email }, open],
      ["POST", `${path}/email`, { email: stranger, password }, as(token)],
      ["PUT", `${path}/password`, { current: password, password: "a quite different one" }, as(token)],
      ["DELETE", "/user/v1/sessions/current", undefined, as(token)],
    ] as const) {
      await t.expect(500, method, target, body, headers);
    }
  } finally {
    await t.rows("auth", "grant insert on audit to auth_run");
  }
  expect(await counts()).toEqual(before);
  // What was sent before would have come before this one.
  await t.expect(202, "POST", "/user/v1/password-resets", { email }, open);
  await catcher.take(email, /Set a new password/);
  const told = [email, stranger].map((one) => ({ value: [expect.objectContaining({ address: one })] }));
  for (const to of told)
    expect(catcher.mails).not.toContainEqual(expect.objectContaining({ to: expect.objectContaining(to) }));
});
