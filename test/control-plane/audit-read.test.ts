import { describe, expect, test } from "vitest";
import type { AuditEntry, AuditHead } from "../../control-plane/audit/entry.ts";
import { verifyExport } from "../../control-plane/audit/verify-export.ts";
import { people, withMail } from "./people.ts";
import { freshSlug, newTenantBody, type Problem, type TenantAnswer, withServices } from "./support.ts";
import { untilStatus, work } from "./worker.ts";

const mail = await withMail();
const t = withServices({ mailer: mail.mailer });
const they = people(t, mail);

const path = "/tenant/v1/audit";
type Page = { items: Array<AuditEntry & { hash: string }>; nextCursor: string | null };
type Headers = Record<string, string>;
const page = (query: Record<string, string>, headers?: Headers) =>
  t.expect<Page>(200, "GET", `${path}?${new URLSearchParams(query)}`, undefined, headers);

/** All pages of a list. */
async function pages(query: Record<string, string>, headers?: Headers) {
  const items: Page["items"] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const one: Page = await page({ ...query, ...(cursor ? { cursor } : {}) }, headers);
    expect(one.items.length).toBeLessThanOrEqual(Number(query.limit ?? 20));
    items.push(...one.items);
    cursor = one.nextCursor;
  }
  return items;
}

/** An organisation whose owner has made a tenant, which is ready, and has changed its name. */
async function busy() {
  const ada = await they.person();
  const { id } = await they.found(ada);
  const make = async (slug: string) => {
    const body = newTenantBody(slug, { organization: id });
    const made = await t.expect<TenantAnswer>(202, "POST", "/tenant/v1/tenants", body, ada.headers);
    await work(t, made.tenant.id);
    await untilStatus(t, slug, "ready");
    return made.tenant;
  };
  const tenant = await make(freshSlug());
  const change = await t.call(
    "PATCH",
    `/tenant/v1/tenants/${tenant.slug}`,
    { name: "New" },
    {
      ...ada.headers,
      "x-request-id": `change-${tenant.slug}`,
    },
  );
  expect(change.status).toBe(200);
  return { ada, id, tenant, make };
}

async function exported(organization: string, headers?: Headers): Promise<string[]> {
  const answer = await t.call("GET", `${path}/export?organization=${organization}`, undefined, headers);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("application/jsonl");
  const text = await answer.text();
  expect(text.endsWith("\n")).toBe(true);
  return text.trimEnd().split("\n");
}

async function* bytes(lines: string[]) {
  for (const line of lines) yield Buffer.from(line);
}

describe("the audit of an organisation", () => {
  test("gathers what all services tell, newest first, and nothing of others", async () => {
    const { ada, id, tenant } = await busy();
    const items = await pages({}, ada.headers);
    expect(items.map(({ service, action }) => `${service} ${action}`).toReversed()).toEqual([
      "user organization.create",
      "tenant tenant.create",
      "instance stack.create",
      ...items
        .toReversed()
        .slice(3, -1)
        .map(({ service, action }) => `${service} ${action}`),
      "tenant tenant.change",
    ]);
    expect(items.map(({ action }) => action)).toEqual(
      expect.arrayContaining(["operation.succeeded", "tenant.status"]),
    );
    expect(new Set(items.map(({ chain }) => chain))).toEqual(new Set([id]));
    expect(items.map(({ at }) => at)).toEqual(
      items
        .map(({ at }) => at)
        .toSorted()
        .toReversed(),
    );
    expect(items[0]).toMatchObject({
      service: "tenant",
      actor: `user:${ada.id}`,
      action: "tenant.change",
      target: tenant.id,
      tenant: tenant.id,
      requestId: `change-${tenant.slug}`,
      before: { name: "Acme Ltd" },
      after: { name: "New" },
    });
  });

  test.each([1, 2, 3, 5])("is the same whatever the size of its pages: %i", async (limit) => {
    const { ada } = await busy();
    const whole = await pages({ limit: "100" }, ada.headers);
    expect(await pages({ limit: String(limit) }, ada.headers)).toEqual(whole);
    expect(whole.length).toBeGreaterThan(5);
  });

  test("is found by who, what, on what, by which request and when", async () => {
    const { ada, id, tenant, make } = await busy();
    const second = await make(freshSlug());
    const all = await pages({ limit: "100" }, ada.headers);
    const found = async (query: Record<string, string>) =>
      (await pages({ limit: "100", ...query }, ada.headers)).map(({ hash }) => hash);
    const those = (wanted: (entry: AuditEntry) => boolean) => all.filter(wanted).map(({ hash }) => hash);
    const moment = all[3]?.at ?? "";
    const cases: Array<[Record<string, string>, (entry: AuditEntry) => boolean]> = [
      [{ actor: `user:${ada.id}` }, ({ actor }) => actor === `user:${ada.id}`],
      [{ action: "tenant.create" }, ({ action }) => action === "tenant.create"],
      [{ action: "tenant.*" }, ({ action }) => action.startsWith("tenant.")],
      [{ target: id }, ({ target }) => target === id],
      [{ tenant: tenant.slug }, (entry) => entry.tenant === tenant.id],
      [{ tenant: second.id }, (entry) => entry.tenant === second.id],
      [{ requestId: `change-${tenant.slug}` }, ({ requestId }) => requestId === `change-${tenant.slug}`],
      [{ service: "instance" }, ({ service }) => service === "instance"],
      [{ since: moment }, ({ at }) => at >= moment],
      [{ until: moment }, ({ at }) => at < moment],
      [
        { service: "tenant", action: "tenant.*", tenant: second.slug },
        (entry) => entry.service === "tenant" && entry.tenant === second.id,
      ],
    ];
    for (const [query, wanted] of cases) {
      expect(await found(query), JSON.stringify(query)).toEqual(those(wanted));
      expect(those(wanted).length, JSON.stringify(query)).toBeGreaterThan(0);
      expect(those(wanted).length, JSON.stringify(query)).toBeLessThan(all.length);
    }
    expect(await found({ tenant: "nobodys" })).toEqual([]);
    // A wildcard is one at the end only, and what a database takes for one is not.
    expect(await found({ action: "tenant_create" })).toEqual([]);
    expect(await found({ action: "%*" })).toEqual([]);
  });

  test("is for its admins, its keys that may as much, and the staff; nobody sees another's", async () => {
    const { ada, id } = await busy();
    const viewer = await they.member(ada, id, "viewer");
    const admin = await they.member(ada, id, "admin");
    const stranger = await busy();
    const ask = async (headers: Headers, organization = id) =>
      (await t.call("GET", `${path}?organization=${organization}`, undefined, headers)).status;
    expect(await ask(viewer.headers)).toBe(403);
    expect(await ask(admin.headers)).toBe(200);
    expect(await ask(stranger.ada.headers)).toBe(404);
    expect(await ask(stranger.ada.headers, "platform")).toBe(404);
    for (const what of ["/head", "/export"]) {
      const asked = (headers: Headers) =>
        t.call("GET", `${path}${what}?organization=${id}`, undefined, headers).then(({ status }) => status);
      expect(await asked(viewer.headers)).toBe(403);
      expect(await asked(stranger.ada.headers)).toBe(404);
    }
    // The staff have all, and what belongs to nobody.
    expect((await pages({ limit: "100" })).length).toBeGreaterThan(10);
    const platform = await pages({ organization: "platform", limit: "100" });
    expect(platform.map(({ action }) => action)).toContain("session.begin");
    expect(new Set(platform.map(({ chain }) => chain))).toEqual(new Set(["platform"]));
  });

  test("asks who is in several which one they mean", async () => {
    const { ada } = await busy();
    await they.found(ada);
    const answer = await t.call("GET", path, undefined, ada.headers);
    expect(answer.status).toBe(422);
    expect((await answer.json()) as Problem).toMatchObject({
      detail: "organization: is missing: you are in several. Name one",
    });
    const staff = await t.call("GET", `${path}/head`);
    expect(staff.status).toBe(422);
  });

  test.each(["x", "djE6MV8y", "djE6MV8yX2ZpcnN0cw"])(
    "takes no cursor that is not its own: %s",
    async (cursor) => {
      expect((await t.call("GET", `${path}?cursor=${cursor}`)).status).toBe(422);
    },
  );

  test("is exported line by line as it was sealed, and its head vouches for it", async () => {
    const { ada, id } = await busy();
    const head = await t.expect<AuditHead>(200, "GET", `${path}/head`, undefined, ada.headers);
    expect(Object.keys(head.heads)).toEqual(["user", "tenant", "instance"]);
    const lines = await exported(id, ada.headers);
    const verdict = await verifyExport(bytes(lines), [head]);
    expect(verdict.flaws).toEqual([]);
    expect(verdict.chains.map(({ entries, vouched }) => entries - vouched)).toEqual([0, 0, 0]);
    const listed = await pages({ limit: "100" }, ada.headers);
    expect(lines.length).toBe(listed.length);
    expect(new Set(verdict.chains.map(({ hash }) => hash))).toEqual(
      new Set(Object.values(head.heads).map(({ hash }) => hash)),
    );
    // A head of today fits what comes tomorrow, and says how far it goes.
    await t.expect(200, "PATCH", `/user/v1/organizations/${id}`, { name: "Later" }, ada.headers);
    const later = await verifyExport(bytes(await exported(id, ada.headers)), [head]);
    expect(later.flaws).toEqual([]);
    expect(later.chains.map(({ service, entries, vouched }) => [service, entries - vouched])).toEqual([
      ["user", 1],
      ["tenant", 0],
      ["instance", 0],
    ]);
  });

  test("is exported whole when it is longer than what is asked for at a time", async () => {
    const { ada, id } = await busy();
    await t.rows(
      "auth",
      `insert into audit (actor, action, target, request_id, organization_id)
       select 'user:x', 'x', n::text, 'r', $1 from generate_series(1, 1200) n`,
      [id],
    );
    const lines = await exported(id, ada.headers);
    expect(lines.length).toBeGreaterThan(1200);
    const head = await t.expect<AuditHead>(200, "GET", `${path}/head`, undefined, ada.headers);
    expect((await verifyExport(bytes(lines), [head])).flaws).toEqual([]);
  });

  test("of an organisation that is gone stays, for the staff", async () => {
    const ada = await they.person();
    const { id } = await they.found(ada);
    expect((await t.call("DELETE", `/tenant/v1/organizations/${id}`, undefined, ada.headers)).status).toBe(
      204,
    );
    const items = await pages({ organization: id });
    expect(items.map(({ action }) => action).toSorted()).toEqual([
      "organization.close",
      "organization.create",
      "organization.delete",
    ]);
  });

  test("breaks off where an entry is missing, and is not taken for whole", async () => {
    const { ada, id } = await busy();
    await t.rows("instance", "alter table audit disable trigger audit_keep");
    await t.rows("instance", "delete from audit where chain = $1", [id]);
    await t.rows("instance", "alter table audit enable trigger audit_keep");
    const answer = await t.call("GET", `${path}/export?organization=${id}`, undefined, ada.headers);
    await expect(answer.text()).rejects.toThrow();
    expect(t.logged()).toContain("an export of the audit was cut off");
  });
});
