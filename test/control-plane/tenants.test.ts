import { pbkdf2Sync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { newId } from "../../control-plane/ids.ts";
import { readStack } from "../../control-plane/instance/read-stack.ts";
import { addToReserve, readReserve } from "../../control-plane/instance/reserve.ts";
import { until } from "../../control-plane/until.ts";
import { freshSlug, newTenantBody, type Problem, type TenantAnswer, withServices } from "./support.ts";
import { claimFor, createTenant, readyTenant, untilGone, untilStatus, work } from "./worker.ts";

const t = withServices();
const path = "/tenant/v1/tenants";

/** Whether a hash of Odoo's is that of a password, by passlib's rules. */
function verifies(password: string, hash: string): boolean {
  const [, kind, rounds, salt = "", checksum = ""] = hash.split("$");
  const bytes = (text: string) => Buffer.from(text.replaceAll(".", "+"), "base64");
  return (
    kind === "pbkdf2-sha512" &&
    pbkdf2Sync(password, bytes(salt), Number(rounds), 64, "sha512").equals(bytes(checksum))
  );
}

async function storedHash(tenantId: string): Promise<string> {
  const { secrets } = await until(
    async () => {
      const stack = await readStack(t.worker, tenantId).catch(() => undefined);
      return stack?.secrets ? stack : undefined;
    },
    { what: "the stack's secrets", deadlineMs: 5_000, everyMs: 10 },
  );
  return secrets?.instances.production?.adminPasswordHash ?? "";
}

describe("a new tenant", () => {
  test("is accepted with where to follow it, and reaches the instance service at once", async () => {
    const slug = freshSlug();
    const response = await t.call("POST", path, newTenantBody(slug));
    const body = (await response.json()) as TenantAnswer;
    expect(response.status, t.logged()).toBe(202);
    expect(body.tenant).toMatchObject({
      id: expect.stringMatching(/^ten_[a-z][a-z0-9]{15}$/),
      slug,
      name: "Acme Ltd",
      status: "pending",
      url: `http://${slug}.localhost`,
      stack: `organization/berth/${body.tenant.id}`,
    });
    expect(body.operation).toMatchObject({ kind: "create", status: "queued", error: null });
    expect(response.headers.get("location")).toBe(`/instance/v1/operations/${body.operation.id}`);
    // Asked for at once, when the outbox may not have delivered it yet.
    const operation = await t.expect(200, "GET", `/instance/v1/operations/${body.operation.id}`);
    expect(operation).toMatchObject({
      id: body.operation.id,
      tenant: body.tenant.id,
      slug,
      status: "queued",
    });
    await untilStatus(t, slug, "creating");
  });

  test("is ready when its operation has succeeded", async () => {
    const { tenant, operation } = await readyTenant(t);
    expect(tenant.status).toBe("ready");
    expect(operation).toMatchObject({ kind: "create", status: "succeeded", error: null });
  });

  test("that failed shows why, and can be tried again or deleted", async () => {
    const { tenant, operation } = await createTenant(t);
    const error = { code: "container_failed", message: "The container did not start." };
    await work(t, tenant.id, "failed", error);
    expect((await untilStatus(t, tenant.slug, "failed")).operation).toMatchObject({
      status: "failed",
      error,
    });
    await t.expect(202, "POST", `/instance/v1/operations/${operation.id}/retry`);
    await untilStatus(t, tenant.slug, "creating");
    await work(t, tenant.id);
    await untilStatus(t, tenant.slug, "ready");
  });

  test("gets a password that is shown once and kept as Odoo's hash only", async () => {
    const { tenant, admin } = await createTenant(t);
    const password = admin.password ?? "";
    expect(Buffer.from(password, "base64url").length * 8).toBeGreaterThanOrEqual(128);
    expect(verifies(password, await storedHash(tenant.id))).toBe(true);
    const delivered = async () =>
      (await t.rows("tenant", "select from outbox where tenant_id = $1 and done_at is null", [tenant.id]))
        .length === 0;
    await until(delivered, { what: "the outbox to note its delivery", deadlineMs: 5_000, everyMs: 10 });
    const seen = JSON.stringify([
      await t.expect(200, "GET", `${path}/${tenant.slug}`),
      await t.rows("tenant", "select * from outbox, tenants, specs, audit where outbox.tenant_id = $1", [
        tenant.id,
      ]),
      await t.rows("instance", "select * from stacks, audit where stacks.tenant_id = $1", [tenant.id]),
    ]);
    expect(seen).not.toContain(password);
    // Once it is delivered, the hash is only where it is needed, and sealed there.
    expect(seen).not.toContain("pbkdf2");
    expect(t.logged()).not.toContain(password);
  });

  test("keeps a chosen password by 600,000 rounds and does not repeat it", async () => {
    const password = "correct horse battery";
    const body = newTenantBody(freshSlug(), { admin: { email: "ada@acme.example", password } });
    const answer = await t.expect<TenantAnswer>(202, "POST", path, body);
    expect(answer.admin).toEqual({ email: "ada@acme.example" });
    const hash = await storedHash(answer.tenant.id);
    expect(hash).toMatch(/^\$pbkdf2-sha512\$600000\$/);
    expect(verifies(password, hash)).toBe(true);
  });

  test("takes an id whose stack was initialised ahead, and another one when there is none", async () => {
    const tenantId = newId("ten");
    await addToReserve(t.worker, { tenantId, salt: "v1:salt", worker: "test" });
    expect(await readReserve(t.worker)).toEqual([{ tenantId, salt: "v1:salt" }]);
    await until(async () => (await t.rows("tenant", "select * from reserve")).length === 1, {
      what: "the reserve to be known",
      deadlineMs: 5_000,
      everyMs: 10,
    });
    // One that is refused puts the id back.
    const { tenant: other } = await readyTenant(t);
    expect(other.id).toBe(tenantId);
    expect((await createTenant(t)).tenant.id).not.toBe(tenantId);
    expect(await readReserve(t.worker)).toEqual([]);
    expect((await readStack(t.worker, tenantId)).salt).toBe("v1:salt");
  });

  test("is made once when two ask for the same slug at once", async () => {
    const slug = freshSlug();
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => t.call("POST", path, newTenantBody(slug))),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([202, 409, 409, 409, 409, 409]);
    const refused = answers.find((answer) => answer.status === 409);
    expect(await refused?.json()).toMatchObject({ code: "slug_taken" });
    expect(await t.rows("tenant", "select id from tenants where slug = $1", [slug])).toHaveLength(1);
  });

  test("writes nothing when it is refused", async () => {
    const count = async () =>
      (
        await t.rows(
          "tenant",
          "select (select count(*) from outbox) + (select count(*) from audit where action = 'tenant.create') as n",
        )
      )[0]?.n;
    const { tenant } = await createTenant(t);
    const before = await count();
    await t.expect(409, "POST", path, newTenantBody(tenant.slug));
    await t.expect(422, "POST", path, newTenantBody(freshSlug(), { odoo: { modules: ["no_such"] } }));
    expect(await count()).toBe(before);
  });
});

describe("the list of tenants", () => {
  test("goes page by page through every tenant once, newest first", async () => {
    const made: string[] = [];
    for (let i = 0; i < 5; i += 1) made.push((await createTenant(t)).tenant.id);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor ? `&cursor=${cursor}` : "";
      const page: { items: Array<{ id: string }>; nextCursor: string | null } = await t.expect(
        200,
        "GET",
        `${path}?limit=2${query}`,
      );
      expect(page.items.length).toBeLessThanOrEqual(2);
      seen.push(...page.items.map((item) => item.id));
      cursor = page.nextCursor;
    } while (cursor);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.slice(0, 5)).toEqual(made.toReversed());
  });
});

describe("a change of name", () => {
  test("is made, and refused to whoever saw an older tenant", async () => {
    const { tenant } = await readyTenant(t);
    const read = await t.call("GET", `${path}/${tenant.slug}`);
    const etag = read.headers.get("etag") ?? "";
    const changed = await t.call(
      "PATCH",
      `${path}/${tenant.slug}`,
      { name: " Acme & Söhne " },
      { "if-match": etag },
    );
    expect(changed.status).toBe(200);
    expect(await changed.json()).toMatchObject({ tenant: { name: "Acme & Söhne", status: "ready" } });
    expect(changed.headers.get("etag")).not.toBe(etag);
    const late = await t.call("PATCH", `${path}/${tenant.slug}`, { name: "Other" }, { "if-match": etag });
    expect(late.status).toBe(412);
    expect(await late.json()).toMatchObject({ code: "precondition_failed" });
    // By id, and without a condition.
    await t.expect(200, "PATCH", `${path}/${tenant.id}`, { name: "Third" });
    expect((await t.expect<TenantAnswer>(200, "GET", `${path}/${tenant.slug}`)).tenant.name).toBe("Third");
  });

  test("is refused without a name, and for a tenant that is not there", async () => {
    const { tenant } = await createTenant(t);
    await t.expect(422, "PATCH", `${path}/${tenant.slug}`, {});
    await t.expect(422, "PATCH", `${path}/${tenant.slug}`, { name: "A", slug: "other" });
    await t.expect(404, "PATCH", `${path}/nobody-here`, { name: "A" });
  });
});

describe("a deletion", () => {
  test("answers twice with the same operation, then with 404, and frees the slug", async () => {
    const { tenant } = await readyTenant(t);
    const first = await t.call("DELETE", `${path}/${tenant.slug}`);
    const body = (await first.json()) as TenantAnswer;
    expect(first.status).toBe(202);
    expect(body).toMatchObject({
      tenant: { status: "deleting" },
      operation: { kind: "destroy", status: "queued" },
    });
    expect(first.headers.get("location")).toBe(`/instance/v1/operations/${body.operation.id}`);
    const second = await t.expect<TenantAnswer>(202, "DELETE", `${path}/${tenant.slug}`);
    expect(second.operation.id).toBe(body.operation.id);

    const taken = await t.expect<Problem>(409, "POST", path, newTenantBody(tenant.slug));
    expect(taken.code).toBe("tenant_deleting");
    expect(taken.detail).toContain(body.operation.id);
    await t.expect(409, "PATCH", `${path}/${tenant.slug}`, { name: "Late" });

    await work(t, tenant.id);
    await untilGone(t, tenant.slug);
    await t.expect(404, "DELETE", `${path}/${tenant.slug}`);
    expect((await createTenant(t, tenant.slug)).tenant.id).not.toBe(tenant.id);
    const [stack] = await t.rows("instance", "select * from stacks where tenant_id = $1", [tenant.id]);
    expect(stack).toMatchObject({ status: "gone", secrets: null, salt: null });
    expect(await t.rows("instance", "select * from instances where tenant_id = $1", [tenant.id])).toEqual([]);
  });

  test("wins over a creation that has not begun", async () => {
    const { tenant, operation } = await createTenant(t);
    await t.expect(202, "DELETE", `${path}/${tenant.slug}`);
    expect((await work(t, tenant.id)).kind).toBe("destroy");
    await untilGone(t, tenant.slug);
    expect(await t.expect(200, "GET", `/instance/v1/operations/${operation.id}`)).toMatchObject({
      status: "cancelled",
      startedAt: null,
      error: { code: "cancelled" },
    });
  });

  test("wins over a creation that runs", async () => {
    const { tenant, operation } = await createTenant(t);
    const claim = await claimFor(t, tenant.id);
    const deletion = await t.expect<TenantAnswer>(202, "DELETE", `${path}/${tenant.slug}`);
    await until(
      async () =>
        (await t.expect<{ cancelRequested: boolean }>(200, "GET", `/instance/v1/operations/${operation.id}`))
          .cancelRequested,
      { what: "the cancellation to arrive", deadlineMs: 5_000, everyMs: 10 },
    );
    const { finishOperation } = await import("../../control-plane/instance/finish-operation.ts");
    await finishOperation(t.worker, {
      fence: claim,
      status: "cancelled",
      error: { code: "cancelled", message: "Taken back." },
    });
    // What the creation still reports does not bring the tenant back.
    const destroy = await claimFor(t, tenant.id);
    expect(destroy.operationId).toBe(deletion.operation.id);
    expect((await t.expect<TenantAnswer>(200, "GET", `${path}/${tenant.slug}`)).tenant.status).toBe(
      "deleting",
    );
    await finishOperation(t.worker, { fence: destroy, status: "succeeded" });
    await untilGone(t, tenant.slug);
  });

  test("that failed can be asked for again", async () => {
    const { tenant } = await readyTenant(t);
    const first = await t.expect<TenantAnswer>(202, "DELETE", `${path}/${tenant.slug}`);
    await work(t, tenant.id, "failed", { code: "destroy_failed", message: "The volume is in use." });
    await untilStatus(t, tenant.slug, "failed");
    const second = await t.expect<TenantAnswer>(202, "DELETE", `${path}/${tenant.slug}`);
    expect(second.operation.id).not.toBe(first.operation.id);
    await work(t, tenant.id);
    await untilGone(t, tenant.slug);
  });

  test("asked for by many at once is one operation", async () => {
    const { tenant } = await readyTenant(t);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => t.expect<TenantAnswer>(202, "DELETE", `${path}/${tenant.slug}`)),
    );
    expect(new Set(answers.map((answer) => answer.operation.id)).size).toBe(1);
  });
});
