import { describe, expect, test } from "vitest";
import type { Role } from "../../control-plane/access/roles.ts";
import { newId } from "../../control-plane/ids.ts";
import { as, type Person, people, withMail } from "./people.ts";
import { standing } from "./standing.ts";
import { freshSlug, newTenantBody, type Problem, type TenantAnswer, withServices } from "./support.ts";
import { untilStatus } from "./worker.ts";

const mail = await withMail();
const t = withServices({ mailer: mail.mailer });
const { person } = people(t, mail);
const { staffMember, organization, join } = standing(t, { person });

interface Key {
  id: string;
  key: string;
  start: string;
  expiresAt: string;
  lastUsedAt: string | null;
}

const keysOf = (id: string) => `/user/v1/organizations/${id}/api-keys`;
const staffKeys = "/user/v1/staff/api-keys";
const dayMs = 86_400_000;

function makeKey(maker: Person, path: string, more: Record<string, unknown> = {}): Promise<Key> {
  return t.expect<Key>(201, "POST", path, { name: "Deploy", scope: "write", ...more }, as(maker.token));
}
const list = (who: Person, path: string) =>
  t.expect<{ items: Key[]; nextCursor: string | null }>(200, "GET", path, undefined, as(who.token));
/** What the three services answer to a bearer token. */
async function answers(token: string): Promise<number[]> {
  const paths = ["/tenant/v1/tenants", "/instance/v1/operations", "/user/v1/sessions/current"];
  const all = await Promise.all(paths.map((path) => t.call("GET", path, undefined, as(token))));
  return all.map(({ status }) => status);
}
/** A key may read; what is a person's is refused to it in the user service. */
const works = [200, 200, 403];
const refusedEverywhere = [401, 401, 401];

async function ownedBy(role: Role = "owner") {
  const maker = await person();
  const id = await organization(maker.id, role);
  return { maker, id, path: keysOf(id) };
}
const createTenant = (token: string, more: Record<string, unknown> = {}) =>
  t.call("POST", "/tenant/v1/tenants", newTenantBody(freshSlug(), more), as(token));

describe("a key of an organisation", () => {
  test("is shown once, kept as a hash, listed without itself, used, and revoked at once in all services", async () => {
    const { maker, path, id } = await ownedBy();
    const made = await makeKey(maker, path);
    expect(made.key).toMatch(/^berth_[A-Za-z]{64}$/);
    expect(made).toMatchObject({
      id: expect.stringMatching(/^key_/),
      name: "Deploy",
      start: made.key.slice(0, 12),
      scope: "write",
      tenant: null,
      createdBy: { id: maker.id, name: "Ada" },
      lastUsedAt: null,
    });
    const lasts = Date.parse(made.expiresAt) - Date.now();
    expect(lasts).toBeGreaterThan(89.9 * dayMs);
    expect(lasts).toBeLessThanOrEqual(90 * dayMs);
    const stored = JSON.stringify(await t.rows("auth", "select * from api_keys"));
    const { key, ...view } = made;
    expect(stored).not.toContain(key);
    expect((await list(maker, path)).items).toEqual([view]);

    expect(await answers(key)).toEqual(works);
    expect((await createTenant(key)).status).toBe(202);
    const [used] = (await list(maker, path)).items;
    expect(Date.now() - Date.parse(used?.lastUsedAt ?? "")).toBeLessThan(60_000);

    const audit = await t.rows("auth", "select actor, after from audit where target = $1", [made.id]);
    expect(audit).toMatchObject([{ actor: `user:${maker.id}`, after: { organization: id, scope: "write" } }]);
    const gone = await t.call("DELETE", `${path}/${made.id}`, undefined, as(maker.token));
    expect(gone.status).toBe(204);
    expect(await answers(key)).toEqual(refusedEverywhere);
    await t.expect(404, "DELETE", `${path}/${made.id}`, undefined, as(maker.token));
    expect((await list(maker, path)).items).toEqual([]);
    expect(t.logged()).not.toContain(key);
  });

  test("is made once for an Idempotency-Key, and not shown again", async () => {
    const { maker, path } = await ownedBy();
    const headers = { ...as(maker.token), "idempotency-key": "a-key" };
    const body = { name: "Once", scope: "read" };
    const first = await t.expect<Key>(201, "POST", path, body, headers);
    const again = await t.expect<Key>(201, "POST", path, body, headers);
    expect(again).toEqual({ ...first, key: undefined });
    expect((await list(maker, path)).items).toHaveLength(1);
    const kept = JSON.stringify(await t.rows("auth", "select * from idempotency"));
    expect(kept).not.toContain(first.key);
  });

  test("with the scope read reads, and writes nothing", async () => {
    const { maker, path } = await ownedBy();
    const { key } = await makeKey(maker, path, { scope: "read" });
    expect(await answers(key)).toEqual(works);
    const refused = await createTenant(key);
    expect(refused.status).toBe(403);
    expect((await refused.json()) as Problem).toMatchObject({
      code: "forbidden",
      detail: expect.stringContaining("A key may what its scope says"),
    });
    const { tenant } = (await (await createTenant((await makeKey(maker, path)).key)).json()) as TenantAnswer;
    for (const [method, where, body] of [
      ["PATCH", `/tenant/v1/tenants/${tenant.slug}`, { name: "Other" }],
      ["DELETE", `/tenant/v1/tenants/${tenant.slug}`, undefined],
    ] as const)
      expect((await t.call(method, where, body, as(key))).status).toBe(403);
    expect((await t.call("GET", `/tenant/v1/tenants/${tenant.slug}`, undefined, as(key))).status).toBe(200);
  });

  test("for one tenant sees that one and makes no others", async () => {
    const { maker, path } = await ownedBy();
    const writer = await makeKey(maker, path);
    const mine = (await (await createTenant(writer.key)).json()) as TenantAnswer;
    const other = (await (await createTenant(writer.key)).json()) as TenantAnswer;
    const { key } = await makeKey(maker, path, { tenant: mine.tenant.id });
    const { items } = await t.expect<{ items: Array<{ id: string }> }>(
      200,
      "GET",
      "/tenant/v1/tenants",
      undefined,
      as(key),
    );
    expect(items.map((one) => one.id)).toEqual([mine.tenant.id]);
    const read = (slug: string) => t.call("GET", `/tenant/v1/tenants/${slug}`, undefined, as(key));
    expect((await read(mine.tenant.slug)).status).toBe(200);
    for (const reference of [other.tenant.slug, other.tenant.id])
      expect((await read(reference)).status).toBe(404);
    const change = { name: "Other" };
    expect((await t.call("PATCH", `/tenant/v1/tenants/${other.tenant.slug}`, change, as(key))).status).toBe(
      404,
    );
    await t.expect(200, "PATCH", `/tenant/v1/tenants/${mine.tenant.slug}`, change, as(key));
    expect((await createTenant(key)).status).toBe(403);
    await untilStatus(t, mine.tenant.slug, "creating");
    await untilStatus(t, other.tenant.slug, "creating");
    const operations = (token: string) =>
      t.expect<{ items: Array<{ tenant: string }> }>(
        200,
        "GET",
        "/instance/v1/operations",
        undefined,
        as(token),
      );
    expect((await operations(writer.key)).items).toHaveLength(2);
    expect((await operations(key)).items).toMatchObject([{ tenant: mine.tenant.id }]);
    for (const [id, status] of [
      [mine.operation.id, 200],
      [other.operation.id, 404],
    ] as const)
      expect((await t.call("GET", `/instance/v1/operations/${id}`, undefined, as(key))).status).toBe(status);
  });

  test("for a tenant of somebody else's sees nothing", async () => {
    const theirs = await ownedBy();
    const made = await createTenant((await makeKey(theirs.maker, theirs.path)).key);
    const { tenant } = (await made.json()) as TenantAnswer;
    const { maker, path } = await ownedBy();
    const { key } = await makeKey(maker, path, { tenant: tenant.id });
    expect((await t.call("GET", `/tenant/v1/tenants/${tenant.id}`, undefined, as(key))).status).toBe(404);
    const seen = await t.expect<{ items: unknown[] }>(200, "GET", "/tenant/v1/tenants", undefined, as(key));
    expect(seen.items).toEqual([]);
  });

  test("is for its organisation alone, whatever else its maker is in", async () => {
    const { maker, path } = await ownedBy();
    const second = await organization(maker.id);
    const { key } = await makeKey(maker, path);
    expect((await createTenant(key, { organization: second })).status).toBe(422);
    expect((await createTenant(key)).status).toBe(202);
  });

  test("can do no more than its maker can, at any time", async () => {
    const { maker, path, id } = await ownedBy("admin");
    const { key } = await makeKey(maker, path);
    const { tenant } = (await (await createTenant(key)).json()) as TenantAnswer;
    const remove = () => t.call("DELETE", `/tenant/v1/tenants/${tenant.slug}`, undefined, as(key));
    await join(id, maker.id, "developer");
    expect((await createTenant(key)).status).toBe(202);
    expect((await remove()).status).toBe(403);
    await join(id, maker.id, "viewer");
    expect((await createTenant(key)).status).toBe(403);
    expect(await answers(key)).toEqual(works);
    await join(id, maker.id, "owner");
    expect((await remove()).status).toBe(202);
    await t.rows("auth", "delete from members where user_id = $1", [maker.id]);
    expect(await answers(key)).toEqual(refusedEverywhere);
  });

  test("that is disabled or has expired is refused everywhere", async () => {
    const { maker, path } = await ownedBy();
    const { key, id } = await makeKey(maker, path);
    const set = (what: string) => t.rows("auth", `update api_keys set ${what} where id = $1`, [id]);
    await set("enabled = false");
    expect(await answers(key)).toEqual(refusedEverywhere);
    await set("enabled = true");
    expect(await answers(key)).toEqual(works);
    await set("expires_at = now() - interval '1 second'");
    expect(await answers(key)).toEqual(refusedEverywhere);
    expect((await list(maker, path)).items).toEqual([]);
  });

  test("cannot make or see keys, nor be revoked by a key", async () => {
    const { maker, path } = await ownedBy();
    const { key, id } = await makeKey(maker, path);
    for (const [method, where, body] of [
      ["POST", path, { name: "Another", scope: "read" }],
      ["GET", path, undefined],
      ["DELETE", `${path}/${id}`, undefined],
      ["GET", staffKeys, undefined],
    ] as const)
      expect((await t.call(method, where, body, as(key))).status, `${method} ${where}`).toBe(403);
  });
});

describe("who may make, see and revoke an organisation's keys", () => {
  test.each<[Role, number, number, number]>([
    ["viewer", 403, 403, 403],
    ["developer", 403, 200, 403],
    ["admin", 201, 200, 204],
    ["owner", 201, 200, 204],
  ])("%s", async (role, make, see, revoke) => {
    const { maker, id, path } = await ownedBy();
    const { id: key } = await makeKey(maker, path);
    const member = await person();
    await join(id, member.id, role);
    const call = async (method: string, where: string, body?: unknown) =>
      (await t.call(method, where, body, as(member.token))).status;
    expect(await call("POST", path, { name: "Mine", scope: "read" })).toBe(make);
    expect(await call("GET", path)).toBe(see);
    expect(await call("DELETE", `${path}/${key}`)).toBe(revoke);
  });

  test("others do not learn that the organisation is there, nor its keys", async () => {
    const { maker, path } = await ownedBy();
    const { id: key } = await makeKey(maker, path);
    const { maker: other, path: own } = await ownedBy();
    const unknown = keysOf(newId("org"));
    for (const where of [path, unknown]) {
      await t.expect(404, "POST", where, { name: "Mine", scope: "read" }, as(other.token));
      await t.expect(404, "GET", where, undefined, as(other.token));
      await t.expect(404, "DELETE", `${where}/${key}`, undefined, as(other.token));
    }
    await t.expect(404, "DELETE", `${own}/${key}`, undefined, as(other.token));
    expect((await list(maker, path)).items).toHaveLength(1);
    // One of the staff sees that it is there, and is no member.
    const staff = await staffMember();
    await t.expect(403, "GET", path, undefined, as(staff.token));
  });

  test("pages through them", async () => {
    const { maker, path } = await ownedBy();
    const made: string[] = [];
    for (let n = 0; n < 5; n++) made.push((await makeKey(maker, path)).id);
    const seen: string[] = [];
    let cursor = "";
    for (let page = 0; page < 3; page++) {
      const { items, nextCursor } = await list(maker, `${path}?limit=2${cursor}`);
      seen.push(...items.map(({ id }) => id));
      expect(nextCursor === null).toBe(page === 2);
      cursor = `&cursor=${nextCursor}`;
    }
    expect(seen).toEqual(made.toSorted());
    for (const bad of ["x", "djE6MTI", Buffer.from(`v1:${newId("usr")}`).toString("base64url")])
      await t.expect(422, "GET", `${path}?cursor=${bad}`, undefined, as(maker.token));
  });
});

describe("what does not fit is refused with a sentence", () => {
  test.each([
    ["no name", { name: " " }, "name"],
    ["a name of a hundred and one", { name: "x".repeat(101) }, "name"],
    ["a name with a line end", { name: "a\nb" }, "name"],
    ["a name with half a character", { name: "a\ud800" }, "name"],
    ["no scope", { scope: undefined }, "scope"],
    ["a scope that is not there", { scope: "admin" }, "scope"],
    ["a slug for a tenant", { tenant: "acme" }, "tenant"],
    ["less than a day", { expiresInDays: 0 }, "expiresInDays"],
    ["more than a year", { expiresInDays: 367 }, "expiresInDays"],
    ["half a day", { expiresInDays: 1.5 }, "expiresInDays"],
    ["for ever", { expiresInDays: null }, "expiresInDays"],
    ["somebody else as its maker", { userId: "usr_x" }, "userId"],
  ])("%s", async (_what, more, field) => {
    const { maker, path } = await ownedBy();
    const body = { name: "Deploy", scope: "read", ...more };
    const problem = await t.expect<Problem>(422, "POST", path, body, as(maker.token));
    expect(JSON.stringify(problem.errors)).toContain(field);
  });

  test("the longest name and the longest life are taken", async () => {
    const { maker, path } = await ownedBy();
    const made = await makeKey(maker, path, { name: "x".repeat(100), expiresInDays: 366 });
    expect(Date.parse(made.expiresAt) - Date.now()).toBeGreaterThan(365.9 * dayMs);
  });
});

describe("a key of the staff", () => {
  test("is for all organisations, and ends when its maker is no longer staff", async () => {
    const staff = await staffMember();
    const { id } = await ownedBy();
    const made = await makeKey(staff, staffKeys);
    expect((await createTenant(made.key, { organization: id })).status).toBe(202);
    expect(await answers(made.key)).toEqual(works);
    const { key: reading } = await makeKey(staff, staffKeys, { scope: "read" });
    expect((await createTenant(reading, { organization: id })).status).toBe(403);
    expect((await list(staff, `${staffKeys}?limit=100`)).items.map((one) => one.id)).toContain(made.id);
    await t.rows("auth", "update users set staff = false where id = $1", [staff.id]);
    expect(await answers(made.key)).toEqual(refusedEverywhere);
  });

  test("without an organisation makes tenants of the only one that its maker is in", async () => {
    const staff = await staffMember();
    const { key } = await makeKey(staff, staffKeys);
    expect((await createTenant(key)).status).toBe(422);
    const id = await organization(staff.id);
    const { tenant } = (await (await createTenant(key)).json()) as { tenant: { organization: string } };
    expect(tenant.organization).toBe(id);
    await organization(staff.id);
    expect((await createTenant(key)).status).toBe(422);
  });

  test("is made and revoked by staff only, and is none of an organisation's", async () => {
    const [staff, other] = [await staffMember(), await staffMember()];
    const { maker, path, id } = await ownedBy();
    const made = await makeKey(staff, staffKeys);
    const ofOrganization = await makeKey(maker, path);
    for (const [method, where, body] of [
      ["POST", staffKeys, { name: "Mine", scope: "read" }],
      ["GET", staffKeys, undefined],
      ["DELETE", `${staffKeys}/${made.id}`, undefined],
    ] as const)
      await t.expect(403, method, where, body, as(maker.token));
    await t.expect(404, "DELETE", `${path}/${made.id}`, undefined, as(maker.token));
    await t.expect(404, "DELETE", `${staffKeys}/${ofOrganization.id}`, undefined, as(other.token));
    expect((await createTenant(made.key, { organization: id })).status).toBe(202);
    expect((await t.call("DELETE", `${staffKeys}/${made.id}`, undefined, as(other.token))).status).toBe(204);
    expect(await answers(made.key)).toEqual(refusedEverywhere);
  });
});
