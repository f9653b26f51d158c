import { describe, expect, test, vi } from "vitest";
import { openDatabase } from "../../control-plane/database.ts";
import { createIdentity } from "../../control-plane/user/identity.ts";
import { as, codeIn, freshAddress, open, password, people, withMail } from "./people.ts";
import { captureLog, keys, type Problem, withServices } from "./support.ts";

const mail = await withMail();
const { catcher } = mail;
const t = withServices({ mailer: mail.mailer });
const { challenge, found, member, person, secondFactor, signIn, verified } = people(t, mail);

describe("where somebody would be sent on to", () => {
  const elsewhere = "https://elsewhere.example/";
  const fields = ["callbackURL", "redirectTo", "callback"];

  test.each([
    ["signing up", "accounts", { name: "Ada", password }],
    ["asking for another code", "email-verification", {}],
    ["asking for a new password", "password-resets", {}],
    ["signing in", "sessions", { password }],
  ])("is refused in the body of %s, and nothing is done", async (_what, path, more) => {
    const email = await verified();
    const audit = () => t.rows("auth", "select action from audit order by id");
    const before = await audit();
    for (const field of fields) {
      const body = { email, ...more, [field]: elsewhere };
      const { errors } = await t.expect<Problem>(422, "POST", `/user/v1/${path}`, body, open);
      expect(errors).toEqual([{ path: "(body)", message: expect.stringContaining(field) }]);
    }
    expect(await audit()).toEqual(before);
  });

  test("has no part in the answer or the mail when it is in the query or a header", async () => {
    const [newcomer, known] = [freshAddress(), await verified()];
    const query = fields.map((field) => `${field}=${elsewhere}`).join("&");
    const headers = { ...open, origin: elsewhere, referer: elsewhere, "x-forwarded-host": elsewhere };
    const ask = async (status: number, path: string, body: object) => {
      const answer = await t.call("POST", `/user/v1/${path}?${query}`, body, headers);
      expect(answer.status, path).toBe(status);
      expect(`${JSON.stringify([...answer.headers])} ${await answer.text()}`).not.toContain("elsewhere");
    };
    for (const [path, body] of [
      ["accounts", { name: "Ada", email: newcomer, password }],
      ["email-verification", { email: newcomer }],
      ["password-resets", { email: known }],
    ] as const) {
      await ask(202, path, body);
      const { text, html } = await catcher.take(body.email, /./);
      expect(`${text} ${html}`).not.toMatch(/elsewhere|https?:/);
    }
    await ask(201, "sessions", { email: known, password });
  });
});

describe("what better-auth would do by itself", () => {
  const paths = [
    "ok",
    "sign-up/email",
    "sign-in/email",
    "get-session",
    "token",
    "request-password-reset",
    // These would send whoever follows them on.
    "verify-email?token=x&callbackURL=https://elsewhere.example/",
    "reset-password/x?callbackURL=https://elsewhere.example/",
  ];

  test.each(["/api/auth", "/user/api/auth", "/user/v1/auth", "/user/v1/api/auth", "/user/v1"])(
    "is not at its own paths under %s: 404",
    async (base) => {
      const body = { name: "Ada", email: await verified(), password };
      for (const path of paths) {
        for (const method of ["GET", "POST"]) {
          for (const headers of [{}, open]) {
            const where = `${base}/${path}`;
            const answer = await t.call(method, where, method === "GET" ? undefined : body, headers);
            expect(answer.status, `${method} ${where}`).toBe(404);
            expect(answer.headers.get("location")).toBeNull();
          }
        }
      }
    },
  );

  test("has no part in who is let in: its session cookie opens nothing, signed or not", async () => {
    const email = await verified();
    const { log } = captureLog();
    const database = openDatabase({ login: t.databases.logins.user, name: "test", log });
    const secret = keys.user.identity.toString("base64");
    const { api } = createIdentity({ db: database.db, secret, post: async () => undefined, log });
    let signed = "";
    try {
      const { headers } = await api.signInEmail({ body: { email, password }, returnHeaders: true });
      signed = headers.getSetCookie()[0]?.split(";")[0] ?? "";
      // To better-auth it is as good as a token.
      const session = await api.getSession({ headers: new Headers({ cookie: signed }) });
      expect(session?.user.email).toBe(email);
    } finally {
      await database.close();
    }
    const { token } = await signIn(email);
    for (const cookie of [
      signed,
      decodeURIComponent(signed),
      `__Secure-${signed}`,
      `better-auth.session_token=${token}`,
    ]) {
      for (const [method, where] of [
        ["GET", "/user/v1/sessions/current"],
        ["DELETE", "/user/v1/sessions/current"],
        ["PATCH", "/user/v1/account"],
        ["GET", "/tenant/v1/tenants"],
        ["GET", "/instance/v1/operations"],
      ] as const) {
        const body = method === "PATCH" ? { name: "Eve" } : undefined;
        const answer = await t.call(method, where, body, { ...open, cookie });
        expect(answer.status, `${method} ${where} with ${cookie}`).toBe(401);
      }
    }
  });

  test("is not seen by whoever asks: no answer sets a cookie, or has a token in a header", async () => {
    const fetched = vi.spyOn(t.services, "fetch");
    const [owner, next] = [await person(), `${password} 2`];
    await member(owner, (await found(owner)).id, "viewer");
    const by = (status: number, method: string, path: string, body: object, headers = owner.headers) =>
      t.expect<{ token: string }>(status, method, `/user/v1/${path}`, body, headers);
    await by(200, "PUT", "account/password", { current: password, password: next });
    const { backupCodes } = await secondFactor(owner.token, next);
    const factor = { challenge: await challenge(owner.email, next), backupCode: backupCodes[0] };
    const { token } = await by(201, "POST", "sessions/second-factor", factor, open);
    expect((await t.call("DELETE", "/user/v1/sessions/current", undefined, as(token))).status).toBe(204);
    await by(401, "POST", "sessions", { email: owner.email, password }, open);
    await by(202, "POST", "password-resets", { email: owner.email }, open);
    const code = codeIn(await catcher.take(owner.email, /new password/));
    await by(200, "PUT", "password", { code, password }, open);
    const asked = fetched.mock.calls.map(([{ method, url }]) => `${method} ${url}`);
    const answers = await Promise.all(fetched.mock.results.map(({ value }) => value as Response));
    fetched.mockRestore();
    expect(answers.length).toBeGreaterThan(15);
    for (const [n, { headers }] of answers.entries()) {
      expect(headers.getSetCookie(), asked[n]).toEqual([]);
      expect(headers.get("set-auth-token"), asked[n]).toBeNull();
    }
  });
});
