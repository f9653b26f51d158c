import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { ownAudit } from "../../control-plane/audit/read-audit.ts";
import type { EntryQuery } from "../../control-plane/audit/source.ts";
import { newId } from "../../control-plane/ids.ts";
import { cloneDatabases, connectServer, type TestDatabases } from "../support/postgres.ts";
import { explaining, nodes, rowsSeen } from "./explain.ts";

// 20,000 entries of 200 organisations, one of which has every second: a page of a small one reads no more than a page.
const many = 20_000;
const limit = 21;
const organizations = Array.from({ length: 200 }, () => newId("org"));
const [large = "", small = ""] = organizations;
const tenant = newId("ten");
let databases: TestDatabases;
beforeAll(async () => {
  databases = await cloneDatabases(connectServer(inject("postgres")));
  const { server, names } = databases;
  await server.sql(
    `insert into audit (actor, action, target, request_id, tenant_id, organization_id)
     select 'user:x', 'tenant.change', 'x', 'r' || n, case when n % 500 = 1 then $2 end,
       ($1::text[])[1 + case when n % 2 = 0 then 0 else (n / 2) % 199 + 1 end]
     from generate_series(1, ${many}) n`,
    [organizations, tenant],
    names.tenant,
  );
  await server.sql("analyze audit", [], names.tenant);
}, 120_000);
afterAll(() => databases?.drop());

const reads: Array<[string, Omit<EntryQuery, "limit">]> = [
  ["the first page of a large organisation", { chain: large }],
  ["a page deep in a large organisation", { chain: large, before: 400 }],
  ["the first page of a small one", { chain: small }],
  ["the first page of all", {}],
  ["what was done on a tenant", { tenants: [tenant] }],
  ["what a request did", { requestId: "r77" }],
];
test.each(reads)("%s is read by an index", async (_, query) => {
  const database = await explaining(databases.logins.tenant, "all");
  try {
    const found = await ownAudit(database.db).entries({ ...query, limit });
    expect(found.length).toBeGreaterThan(0);
    const [plan] = database.plans;
    if (!plan) throw new Error("There is no plan.");
    expect(nodes(plan).filter((node) => node["Node Type"] === "Seq Scan")).toEqual([]);
    // Of a tenant all there are, at most.
    expect(rowsSeen(plan)).toBeLessThanOrEqual(2 * limit + 20);
  } finally {
    await database.close();
  }
});

test("lines of an export are read by the chain's index, the last ones like the first", async () => {
  const database = await explaining(databases.logins.tenant, "all");
  try {
    const source = ownAudit(database.db);
    const end = await source.end(large);
    expect(end?.position).toBe(many / 2);
    for (const after of [0, many / 2 - 500]) {
      expect(await source.lines(large, after)).toHaveLength(500);
      const plan = database.plans.at(-1);
      if (!plan) throw new Error("There is no plan.");
      expect(nodes(plan).map((node) => node["Index Name"])).toContain("audit_chain");
      expect(rowsSeen(plan)).toBeLessThanOrEqual(500);
    }
  } finally {
    await database.close();
  }
});
