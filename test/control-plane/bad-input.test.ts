import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { openDatabase } from "../../control-plane/database.ts";
import { reservedSlugs } from "../../control-plane/tenant/reserved-slugs.ts";
import { slugProblem } from "../../control-plane/tenant/slug.ts";
import { createIdentity } from "../../control-plane/user/identity.ts";
import { as, codeIn, freshAddress, open, password, people, withMail } from "./people.ts";
import {
  apiKey,
  captureLog,
  freshSlug,
  keys,
  newTenantBody,
  type Problem,
  serviceHeaders,
  withServices,
} from "./support.ts";

const mail = await withMail();
const { catcher } = mail;
const t = withServices({ mailer: mail.mailer });
const { challenge, found, member, person, secondFactor, signIn, verified } = people(t, mail);
const path = "/tenant/v1/tenants";

describe("what a schema has no words of its own for is said in ours", () => {
  test.each([
    ["/user/v1/accounts", {}, "name", "is missing"],
    ["/user/v1/accounts", { name: 7 }, "name", "must be text"],
    ["/user/v1/accounts", { language: "tlh" }, "language", "must be en or fr or de or es"],
    ["/user/v1/accounts", [], "(body)", "must be an object"],
    ["/user/v1/sessions/second-factor", {}, "(body)", "has none of the forms that are documented"],
  ])("%s with %j", async (path, body, field, message) => {
    const { errors } = await t.expect<Problem>(422, "POST", path, body);
    expect(errors).toContainEqual({ path: field, message });
  });
});

describe("a slug", () => {
  test.each([
    ["is missing", undefined, "is missing"],
    ["is empty", "", "is missing"],
    ["is no text", 12, "must be text"],
    ["is too short", "ab", "too short"],
    ["is too long", "a".repeat(33), "too long"],
    ["has capitals", "Acme", "lower case"],
    ["has an underscore", "ac_me", 'holds "_"'],
    ["has a dot", "ac.me", 'holds "."'],
    ["has a blank", "ac me", 'holds " "'],
    ["begins with a dash", "-acme", "begin or end"],
    ["ends with a dash", "acme-", "begin or end"],
    ["is an encoded name", "xn--80ak6aa92e", "third place"],
    ["has a Cyrillic letter", "аcme", "U+0430"],
    ["has a full-width letter", "ａcme", "U+FF41"],
    ["has a zero-width space", "ac\u200bme", "invisible character (U+200B)"],
    ["has a soft hyphen", "ac\u00adme", "invisible character (U+00AD)"],
    ["has a zero-width joiner", "ac\u200dme", "invisible character"],
    ["has a Hangul filler", "acme\u3164", "invisible character"],
    ["has a line break", "acme\n", "invisible character"],
    ["has an accent", "café", "U+00E9"],
    ["has a NUL", "ac\u0000me", "invisible character"],
    ["is a path", "../etc", 'holds "."'],
  ])("that %s is refused with a clear sentence", async (_, slug, sentence) => {
    const problem = await t.expect<Problem>(422, "POST", path, { ...newTenantBody("x"), slug });
    expect(problem.code).toBe("validation_failed");
    expect(problem.errors).toEqual([{ path: "slug", message: expect.stringContaining(sentence) }]);
    expect(problem.detail).toContain("slug");
  });

  test("that is reserved is refused", () => {
    for (const slug of reservedSlugs) expect(slugProblem(slug) ?? "", slug).toMatch(/reserved|too short/);
  });

  test.each(["api", "www", "app", "admin", "mail"])("of the issue's list is reserved: %s", async (slug) => {
    const problem = await t.expect<Problem>(422, "POST", path, newTenantBody(slug));
    expect(problem.detail).toContain("is reserved");
  });

  test("that is taken as it is refused whatever else it may be", () => {
    const label = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "grapheme", maxLength: 70 }),
          fc.string({ unit: fc.constantFrom(..."abz09-_.A \u200b\u0430é"), maxLength: 40 }),
        ),
        (slug) => {
          const fits = label.test(slug) && slug.length >= 3 && slug.length <= 32 && slug.slice(2, 4) !== "--";
          expect(slugProblem(slug) === undefined).toBe(fits && !reservedSlugs.has(slug));
          // What is taken reads the same in every form of Unicode and in every case.
          if (slugProblem(slug) === undefined) expect(slug.normalize("NFKC").toLowerCase()).toBe(slug);
        },
      ),
      { numRuns: 5_000 },
    );
  });

  test("of any kind makes no error of ours", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", maxLength: 60 }), async (slug) => {
        const read = await t.call("GET", `${path}/${encodeURIComponent(slug)}`);
        expect([200, 404, 422]).toContain(read.status);
        if (slugProblem(slug) === undefined) return;
        expect((await t.call("POST", path, newTenantBody(slug))).status).toBe(422);
      }),
      { numRuns: 150 },
    );
  });
});

describe("a new tenant's other fields", () => {
  const odoo = (fields: Record<string, unknown>) => ({ odoo: fields });
  const admin = (fields: Record<string, unknown>) => ({ admin: { email: "a@b.example", ...fields } });
  test.each([
    ["name missing", { name: undefined }, "name"],
    ["name of blanks", { name: "   " }, "name"],
    ["name too long", { name: "n".repeat(101) }, "name"],
    ["name with a line break", { name: "Acme\r\nBcc: x@y.example" }, "name"],
    ["name with half a character", { name: "Acme \ud800" }, "name"],
    ["name that turns round", { name: "Acme\u202egnp" }, "name"],
    ["admin missing", { admin: undefined }, "admin"],
    ["email missing", { admin: {} }, "admin.email"],
    ["email no address", admin({ email: "nobody" }), "admin.email"],
    ["email with a look-alike", admin({ email: "аda@acme.example" }), "admin.email"],
    ["email with a line break", admin({ email: "a@b.example\nBcc: c@d.example" }), "admin.email"],
    ["password too short", admin({ password: "short" }), "admin.password"],
    ["password too long", admin({ password: "ab1-".repeat(65) }), "admin.password"],
    ["password too simple", admin({ password: "aaaaaaaaaaaa" }), "admin.password"],
    ["password with a NUL", admin({ password: "abcdefgh\u0000ij" }), "admin.password"],
    ["unknown field", { colour: "red" }, "(body)"],
    ["unknown module", odoo({ modules: ["crm", "no_such_module"] }), "odoo.modules.1"],
    ["module with a comma", odoo({ modules: ["crm,base"] }), "odoo.modules.0"],
    ["module that is an option", odoo({ modules: ["--stop"] }), "odoo.modules.0"],
    ["modules no list", odoo({ modules: "crm" }), "odoo.modules"],
    ["unknown language", odoo({ lang: "xx_XX" }), "odoo.lang"],
    ["unknown country", odoo({ country: "XX" }), "odoo.country"],
    ["demo no yes or no", odoo({ demo: "yes" }), "odoo.demo"],
  ])("%s: 422 that names the field, and nothing is made", async (_, more, field) => {
    const slug = freshSlug();
    const problem = await t.expect<Problem>(422, "POST", path, newTenantBody(slug, more));
    expect(problem).toMatchObject({ code: "validation_failed", status: 422 });
    expect(problem.errors?.map((error) => error.path)).toContain(field);
    expect(await t.rows("tenant", "select from tenants where slug = $1", [slug])).toEqual([]);
  });

  test("may be what the template knows", async () => {
    const body = newTenantBody(freshSlug(), {
      odoo: { modules: ["crm", "crm"], lang: "fr_FR", country: "FR" },
    });
    const { tenant } = await t.expect<{ tenant: { id: string } }>(202, "POST", path, body);
    const [row] = await t.rows<{ spec: { odoo: unknown } }>(
      "tenant",
      "select spec from specs where tenant_id = $1",
      [tenant.id],
    );
    expect(row?.spec.odoo).toEqual({ modules: ["crm"], lang: "fr_FR", country: "FR", demo: false });
  });
});

describe("a request", () => {
  test("without a good key is refused before its body is looked at, however bad that is", async () => {
    for (const [body, type] of [
      ["{", "application/json"],
      ["x=1", "application/x-www-form-urlencoded"],
      ["x".repeat(2_000_000), "application/json"],
    ] as const) {
      const headers = { authorization: "Bearer wrong", "content-type": type };
      expect((await t.call("POST", path, body, headers)).status).toBe(401);
    }
  });

  test("without a good key is refused, whatever it asks for", async () => {
    for (const authorization of [
      "",
      "Bearer wrong",
      `Basic ${apiKey}`,
      `Bearer ${apiKey}x`,
      "Bearer ",
      `bearer${apiKey}`,
    ]) {
      const headers = { authorization };
      for (const [method, where] of [
        ["GET", path],
        ["POST", path],
        ["GET", `${path}/acme`],
        ["DELETE", `${path}/acme`],
        ["GET", "/instance/v1/operations"],
        ["GET", "/instance/v1/feed"],
        ["PUT", "/instance/v1/stacks/ten_a234567890123456"],
        ["GET", "/user/v1/sessions/current"],
        ["POST", "/user/v1/introspections"],
      ] as const) {
        const response = await t.call(method, where, method === "GET" ? undefined : {}, headers);
        expect(response.status, `${method} ${where}`).toBe(401);
        expect(response.headers.get("www-authenticate")).toContain("Bearer");
        expect(response.headers.get("content-type")).toBe("application/problem+json");
      }
    }
  });

  test("that is not JSON is refused: 400", async () => {
    const problem = await t.expect<Problem>(400, "POST", path, '{"slug": "acme", ');
    expect(problem).toMatchObject({ code: "invalid_json", requestId: expect.any(String) });
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""])(
    "of content type %j is refused: 415",
    async (type) => {
      const problem = await t.expect<Problem>(415, "POST", path, JSON.stringify(newTenantBody(freshSlug())), {
        "content-type": type,
      });
      expect(problem.code).toBe("unsupported_media_type");
    },
  );

  test.each(["application/json; charset=utf-8", "application/merge-patch+json"])(
    "may be of type %s",
    async (type) => {
      const response = await t.call("POST", path, { slug: "x" }, { "content-type": type });
      expect(response.status).toBe(422);
    },
  );

  test("of 10 MB is refused: 413", async () => {
    const problem = await t.expect<Problem>(
      413,
      "POST",
      path,
      newTenantBody(freshSlug(), { name: "x".repeat(10_000_000) }),
    );
    expect(problem.code).toBe("body_too_large");
  });

  test("without a body, with null and with a list is refused: 422", async () => {
    for (const body of [undefined, "null", "[]", '"text"', "1"]) {
      const response = await t.call("POST", path, body);
      expect([400, 422], String(body)).toContain(response.status);
    }
  });

  test.each([
    "limit=0",
    "limit=101",
    "limit=x",
    "limit=1.5",
    "limit=-1",
    "limit=",
    "cursor=x",
    "cursor=%00",
    "cursor=djE6LTE",
  ])("for a list with %s is refused: 422", async (query) => {
    for (const list of [path, "/instance/v1/operations"]) {
      const problem = await t.expect<Problem>(422, "GET", `${list}?${query}`);
      expect(problem.errors?.[0]?.path).toBe(query.split("=")[0]);
    }
  });

  test("for what is not there is answered 404, and 405 with what is allowed", async () => {
    for (const where of ["/tenant/v1/nothing", "/instance/v2/operations", "/nothing", "/toString", "/"]) {
      const response = await t.call("GET", where);
      expect(response.status, where).toBe(404);
      expect(response.headers.get("content-type")).toBe("application/problem+json");
    }
    const response = await t.call("PUT", path, {});
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST, GET, HEAD");
    expect(await response.json()).toMatchObject({ code: "method_not_allowed" });
  });

  test("keeps its request id in answer and log, unless that is no id", async () => {
    const response = await t.call("GET", `${path}/nobody-here`, undefined, {
      "x-request-id": "my-request-1",
    });
    expect(await response.json()).toMatchObject({ requestId: "my-request-1" });
    expect(response.headers.get("x-request-id")).toBe("my-request-1");
    expect(t.logged()).toContain('"requestId":"my-request-1"');
    const odd = await t.call("GET", path, undefined, { "x-request-id": "a b<c>" });
    expect(odd.headers.get("x-request-id")).toMatch(/^[\w-]+$/);
  });

  test("holds a NUL, which PostgreSQL cannot store, and is refused before it gets there", async () => {
    const response = await t.call("GET", `${path}/${encodeURIComponent("a\u0000b")}`);
    expect(response.status).toBeLessThan(500);
    expect(await response.text()).not.toMatch(/select|postgres|drizzle|stack/i);
    const service = await serviceHeaders(t.services, "user");
    await t.expect(422, "POST", "/user/v1/introspections", { token: "a\u0000b" }, service);
    const { organization } = t.staff;
    await t.expect(422, "DELETE", `/user/v1/organizations/${organization}?actor=%00`, undefined, service);
  });

  test("that nobody foresaw is answered without a word of what happened inside", async () => {
    await t.rows("tenant", "revoke select on tenants from tenant_run");
    try {
      const response = await t.call("GET", path);
      expect(response.status).toBe(500);
      const text = await response.text();
      expect(text).not.toMatch(/permission|denied|select|postgres|drizzle|stack|tenants/i);
      const { requestId } = JSON.parse(text) as Problem;
      expect(t.logged()).toMatch(
        new RegExp(`${requestId}.*permission denied|permission denied.*${requestId}`),
      );
    } finally {
      await t.rows("tenant", "grant select on tenants to tenant_run");
    }
  });

  test("has a body nested as deep as its size allows, and an Idempotency-Key, and is refused", async () => {
    const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
    const key = { "idempotency-key": freshSlug() };
    const where = "/instance/v1/operations/op_doesnotexist1234/cancel";
    const problem = await t.expect<Problem>(422, "POST", where, deep, key);
    expect(problem.detail).toContain("nested too deeply");
  });
});

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
