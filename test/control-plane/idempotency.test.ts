import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { openDatabase } from "../../control-plane/database.ts";
import { forgetOldAnswers } from "../../control-plane/http/idempotency.ts";
import {
  apiKey,
  captureLog,
  freshSlug,
  newTenantBody,
  type Problem,
  type TenantAnswer,
  withServices,
} from "./support.ts";
import { createTenant, work } from "./worker.ts";

const t = withServices();
const path = "/tenant/v1/tenants";
const key = () => ({ "idempotency-key": randomUUID() });

describe("an Idempotency-Key", () => {
  test("gives the same answer again, without what is shown once, and does the work once", async () => {
    const headers = key();
    const body = newTenantBody(freshSlug());
    const first = await t.call("POST", path, body, headers);
    const shown = (await first.json()) as TenantAnswer;
    expect(shown.admin.password).toBeDefined();
    // The same request written another way.
    const turned = JSON.stringify(Object.fromEntries(Object.entries(body).reverse()), null, 2);
    const second = await t.call("POST", path, turned, headers);
    expect(second.status).toBe(202);
    expect(second.headers.get("idempotent-replayed")).toBe("true");
    expect(second.headers.get("location")).toBe(first.headers.get("location"));
    const again = (await second.json()) as TenantAnswer;
    expect(again).toEqual({ ...shown, admin: { email: shown.admin.email } });
    expect(await t.rows("tenant", "select from tenants where slug = $1", [body.slug])).toHaveLength(1);
  });

  test("is refused for another request", async () => {
    const headers = key();
    await t.expect(202, "POST", path, newTenantBody(freshSlug()), headers);
    const problem = await t.expect<Problem>(422, "POST", path, newTenantBody(freshSlug()), headers);
    expect(problem.code).toBe("idempotency_key_reused");
  });

  test("holds for many at once", async () => {
    const headers = key();
    const body = newTenantBody(freshSlug());
    const answers = await Promise.all(Array.from({ length: 8 }, () => t.call("POST", path, body, headers)));
    const bodies = (await Promise.all(answers.map((answer) => answer.json()))) as TenantAnswer[];
    expect(answers.map((answer) => answer.status)).toEqual(Array(8).fill(202));
    expect(new Set(bodies.map((answer) => answer.operation.id)).size).toBe(1);
    expect(bodies.filter((answer) => answer.admin.password !== undefined)).toHaveLength(1);
  });

  test("may be used again after a refusal", async () => {
    const headers = key();
    const slug = freshSlug();
    await t.expect(422, "POST", path, newTenantBody(slug, { odoo: { lang: "xx_XX" } }), headers);
    await t.expect(202, "POST", path, newTenantBody(slug), headers);
  });

  test.each(["", "with blank", "ü", "x".repeat(256)])("that is no key is refused: %j", async (bad) => {
    const request = new Request(`http://localhost${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      body: JSON.stringify(newTenantBody(freshSlug())),
    });
    // Headers are bytes: what a client sends as UTF-8 arrives as Latin-1.
    request.headers.set("idempotency-key", bad);
    expect((await t.services.fetch(request)).status).toBe(422);
  });

  test("works for operations: a retry is made once", async () => {
    const { tenant, operation } = await createTenant(t);
    await work(t, tenant.id, "failed", { code: "x", message: "It failed." });
    const headers = key();
    const where = `/instance/v1/operations/${operation.id}/retry`;
    const first = await t.expect<{ operation: { id: string } }>(202, "POST", where, undefined, headers);
    const second = await t.expect<{ operation: { id: string } }>(202, "POST", where, undefined, headers);
    expect(second.operation.id).toBe(first.operation.id);
    await t.expect(409, "POST", where);
  });

  test("is forgotten after a day, and keeps nothing that a password could be guessed from", async () => {
    const headers = key();
    const password = "only for this test 1";
    await t.expect(
      202,
      "POST",
      path,
      newTenantBody(freshSlug(), { admin: { email: "a@b.example", password } }),
      headers,
    );
    const [kept] = await t.rows("tenant", "select * from idempotency where key = $1", [
      headers["idempotency-key"],
    ]);
    expect(JSON.stringify(kept)).not.toContain(password);
    expect(JSON.stringify(kept)).not.toContain("pbkdf2");
    await t.rows("tenant", "update idempotency set created_at = now() - interval '25 hours' where key = $1", [
      headers["idempotency-key"],
    ]);
    const database = openDatabase({ login: t.databases.logins.tenant, name: "test", log: captureLog().log });
    await forgetOldAnswers(database.db);
    await database.close();
    expect(
      await t.rows("tenant", "select from idempotency where key = $1", [headers["idempotency-key"]]),
    ).toEqual([]);
    expect((await t.rows("tenant", "select from idempotency")).length).toBeGreaterThan(0);
  });
});
