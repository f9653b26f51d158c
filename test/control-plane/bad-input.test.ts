import { describe, expect, test } from "vitest";
import { apiKey, freshSlug, newTenantBody, type Problem, serviceHeaders, withServices } from "./support.ts";

const t = withServices();
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
    for (const where of ["/tenant/v1/nothing", "/instance/v2/operations", "/nothing", "/toString", "//"]) {
      const response = await t.call("GET", where);
      expect(response.status, where).toBe(404);
      expect(response.headers.get("content-type")).toBe("application/problem+json");
    }
    // The bare address has a page, and takes nothing.
    expect((await t.call("GET", "/")).status).toBe(200);
    expect((await t.call("POST", "/", {})).status).toBe(404);
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
