import { createHash, randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { verifyExport } from "../../control-plane/audit/verify-export.ts";
import { withClient } from "../../control-plane/database.ts";
import { newId } from "../../control-plane/ids.ts";
import { addToReserve } from "../../control-plane/instance/reserve.ts";
import { open, people, withMail } from "./people.ts";
import { freshSlug, newTenantBody, withServices } from "./support.ts";
import { createTenant } from "./worker.ts";

const mail = await withMail();
const t = withServices({ mailer: mail.mailer });
const they = people(t, mail);

const services = ["auth", "tenant", "instance"] as const;
type Service = (typeof services)[number];
type Sealed = { id: number; chain: string; position: string; line: string; hash: string };
const chainRows = (service: Service, chain: string) =>
  t.rows<Sealed>(service, "select * from audit where chain = $1 order by position", [chain]);
const insert = "insert into audit (actor, action, target, request_id, organization_id) values ";

/** Whether a chain is whole, by the same eyes as an export. */
async function flaws(service: Service, chain: string) {
  const rows = await chainRows(service, chain);
  const lines = (async function* () {
    for (const { line } of rows) yield Buffer.from(line);
  })();
  return (await verifyExport(lines, [])).flaws;
}

/** Runs statements on a connection of a service's run-time login. */
function asService<T>(
  service: Service,
  work: (query: (text: string, values?: unknown[]) => Promise<unknown>) => Promise<T>,
): Promise<T> {
  return withClient(
    t.databases.server.login(`${service}_run`, t.databases.names[service]),
    "test",
    (client) => work(async (text, values) => (await client.query(text, values)).rows),
  );
}

describe("the chains of the audit", () => {
  test("hold each entry with the hash of the one before it, and end in their head", async () => {
    const { tenant } = await createTenant(t);
    await t.expect(200, "PATCH", `/tenant/v1/tenants/${tenant.slug}`, {
      name: 'Ünïcode \u{1F600} "quoted"\n',
    });
    const chain = t.staff.organization;
    const rows = await chainRows("tenant", chain);
    expect(rows.length).toBeGreaterThan(1);
    expect(rows.map(({ position }) => Number(position))).toEqual(rows.map((_, i) => i + 1));
    for (const [i, { line, hash }] of rows.entries()) {
      expect(createHash("sha256").update(line).digest("hex")).toBe(hash);
      expect(JSON.parse(line)).toMatchObject({ chain, position: i + 1, previous: rows[i - 1]?.hash ?? null });
    }
    expect(await flaws("tenant", chain)).toEqual([]);
    const ends = await t.rows(
      "tenant",
      `select h.hash = a.hash as fits, not exists (select from audit where chain = h.chain and position > h.position) as last
       from audit_heads h join audit a using (chain, position) where chain = $1`,
      [chain],
    );
    expect(ends).toEqual([{ fits: true, last: true }]);
  });

  test("are one for each organisation, and one for what belongs to none", async () => {
    const ada = await they.person();
    const [mine, other] = [await they.found(ada), await they.found(ada)];
    await t.expect(
      201,
      "POST",
      `/user/v1/organizations/${mine.id}/api-keys`,
      { name: "K", scope: "read" },
      ada.headers,
    );
    const actions = async (chain: string) =>
      (await chainRows("auth", chain)).map(({ line }) => (JSON.parse(line) as { action: string }).action);
    expect(await actions(mine.id)).toEqual(["organization.create", "key.create"]);
    expect(await actions(other.id)).toEqual(["organization.create"]);
    expect(await actions("platform")).toContain("session.begin");
    // A stack is nobody's while it waits, and its tenant's from then on.
    const tenantId = newId("ten");
    await addToReserve(t.worker, { tenantId, salt: "v1:x", worker: "w1" });
    const [reserved] = await t.rows("instance", "select chain from audit where target = $1", [tenantId]);
    expect(reserved).toEqual({ chain: "platform" });
  });

  test("have no gap and no fork when many write at once, to one and to several", async () => {
    const organizations = Array.from({ length: 4 }, () => newId("org"));
    const write = (n: number) =>
      asService("tenant", async (query) => {
        await query("begin");
        // Each in an order of its own: who locked as they went would wait for each other.
        const order = organizations.toSorted(() => (n % 2 === 0 ? 1 : -1));
        for (const id of order) await query(`${insert} ('user:x', 'x', 'x', $1, $2)`, [`r${n}`, id]);
        await query("commit");
      });
    await Promise.all(Array.from({ length: 40 }, (_, n) => write(n)));
    for (const id of organizations) {
      expect(await chainRows("tenant", id)).toHaveLength(40);
      expect(await flaws("tenant", id)).toEqual([]);
    }
  });

  test("take nothing of what was rolled back", async () => {
    const id = newId("org");
    await asService("tenant", async (query) => {
      await query("begin");
      await query(`${insert} ('user:x', 'lost', 'x', 'r1', $1)`, [id]);
      await query("rollback");
      await query(`${insert} ('user:x', 'kept', 'x', 'r2', $1)`, [id]);
    });
    const rows = await chainRows("tenant", id);
    expect(rows.map(({ line }) => (JSON.parse(line) as { action: string }).action)).toEqual(["kept"]);
    expect(await flaws("tenant", id)).toEqual([]);
  });

  test("let two requests of one organisation be made at once", async () => {
    const made = await Promise.all(
      Array.from({ length: 12 }, () => t.call("POST", "/tenant/v1/tenants", newTenantBody(freshSlug()))),
    );
    expect(made.map(({ status }) => status)).toEqual(made.map(() => 202));
    for (const service of ["tenant", "instance"] as const)
      expect(await flaws(service, t.staff.organization)).toEqual([]);
  });

  test.each(services)("cannot be written by the service itself: %s", async (service) => {
    const id = newId("org");
    await asService(service, async (query) => {
      // What a statement says of the seal and of the time is not taken.
      await query(
        `insert into audit (id, actor, action, target, request_id, organization_id, at, chain, position, line, hash)
         values (-5, 'user:x', 'forged', 'x', 'r', $1, '2001-01-01', 'platform', 1, '{}', repeat('0', 64))`,
        [id],
      );
      for (const change of [
        "update audit_heads set position = 0",
        "insert into audit_heads values ('org_x', 1, 'x')",
        "delete from audit_heads",
        "select seal_audit_entries()",
        "alter table audit disable trigger all",
        "drop trigger audit_seal on audit",
        "set session_replication_role = replica",
      ])
        await expect(query(change), change).rejects.toThrow(/permission denied|must be owner/);
    });
    const [row] = await chainRows(service, id);
    expect(Number(row?.id)).toBeGreaterThan(0);
    expect(JSON.parse(row?.line ?? "")).toMatchObject({ action: "forged", chain: id, position: 1 });
    expect(Date.parse((JSON.parse(row?.line ?? "") as { at: string }).at)).toBeGreaterThan(
      Date.now() - 60_000,
    );
    expect(await flaws(service, id)).toEqual([]);
  });

  test.each(services)("are not changed by a slip of the owner's hand: %s", async (service) => {
    await t.rows(service, `${insert} ('operator', 'x', 'x', $1, null)`, [randomUUID()]);
    for (const change of ["update audit set actor = 'x'", "delete from audit", "truncate audit"])
      await expect(t.rows(service, change), change).rejects.toThrow(/neither changed nor removed/);
  });

  test("tell what somebody changed who is above all rights", async () => {
    const id = newId("org");
    const sql = (text: string) => t.rows("tenant", text);
    for (let n = 1; n <= 5; n++) await t.rows("tenant", `${insert} ('user:x', 'x', 'x', 'r', $1)`, [id]);
    await sql("alter table audit disable trigger all");
    await t.rows(
      "tenant",
      "update audit set line = replace(line, 'user:x', 'user:y') where chain = $1 and position = 3",
      [id],
    );
    await sql("alter table audit enable trigger all");
    expect(await flaws("tenant", id)).toEqual([
      { line: 4, message: expect.stringContaining("does not fit entry 3: one of the two was changed") },
    ]);
  });

  test("go on when somebody who is not signed in fails, and name nobody", async () => {
    const email = await they.verified();
    await t.call("POST", "/user/v1/password-resets", { email }, open);
    const rows = await chainRows("auth", "platform");
    expect(JSON.parse(rows.at(-1)?.line ?? "")).toMatchObject({
      actor: "nobody",
      action: "account.request-password-reset",
      service: "user",
    });
    expect(await flaws("auth", "platform")).toEqual([]);
  });
});
