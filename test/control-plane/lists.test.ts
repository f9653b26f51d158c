import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { newId } from "../../control-plane/ids.ts";
import { listOperations } from "../../control-plane/instance/read-operations.ts";
import { listTenants } from "../../control-plane/tenant/read-tenants.ts";
import { cloneDatabases, connectServer, type TestDatabases } from "../support/postgres.ts";
import { explaining, nodes, rowsSeen } from "./explain.ts";

// 10,000 tenants with two operations each, half of them one organisation's: what a page costs must not depend on how many
// there are, nor on how deep it is.
const many = 10_000;
const limit = 21;
const organizations = Array.from({ length: 100 }, () => newId("org"));
const [large = "", , small = ""] = organizations;
const sizes: Record<string, number> = {};
let databases: TestDatabases;
beforeAll(async () => {
  databases = await cloneDatabases(connectServer(inject("postgres")));
  const ids = Array.from({ length: many }, () => newId("ten"));
  const { server, names } = databases;
  await server.sql(
    `insert into tenants (id, organization_id, slug, name, status, url, admin_email, revision, operation_id, operation_kind)
     select id, ($2::text[])[1 + case when n % 2 = 0 then 0 else n % 99 end], 's-' || substr(id, 5), 'Acme', 'ready', 'http://x', 'ada@acme.example', 1,
       'op_' || substr(id, 5), 'create'
     from unnest($1::text[]) with ordinality as t (id, n)`,
    [ids, organizations],
    names.tenant,
  );
  await server.sql("analyze tenants", [], names.tenant);
  for (const { id, n } of await server.sql<{ id: string; n: number }>(
    "select organization_id as id, count(*)::int as n from tenants group by 1",
    [],
    names.tenant,
  ))
    sizes[id] = n;
  await server.sql(
    `insert into stacks (tenant_id, organization_id, slug, status)
     select id, ($2::text[])[1 + case when n % 2 = 0 then 0 else n % 99 end], 's-' || substr(id, 5), 'ready' from unnest($1::text[]) with ordinality as t (id, n)`,
    [ids, organizations],
    names.instance,
  );
  for (const kind of ["create", "check"])
    await server.sql(
      `insert into operations (id, tenant_id, organization_id, kind, status, spec_revision, request_id, actor)
       select 'op_' || $3 || substr(id, 5), id, ($2::text[])[1 + case when n % 2 = 0 then 0 else n % 99 end], $3, 'succeeded', 1, 'test', 'test'
       from unnest($1::text[]) with ordinality as t (id, n)`,
      [ids, organizations, kind],
      names.instance,
    );
  await server.sql("analyze", [], names.instance);
}, 120_000);
afterAll(() => databases?.drop());

const lists = {
  tenants: {
    list: listTenants,
    login: () => databases.logins.tenant,
    index: "tenants_organization",
    order: "tenants_live",
    each: 1,
  },
  operations: {
    list: listOperations,
    login: () => databases.logins.instance,
    index: "operations_organization",
    order: "operations_seq",
    each: 2,
  },
};
type Position = { seq?: number; position?: number };
const positionOf = (row: Position | undefined) => row?.seq ?? row?.position;

describe.each(Object.entries(lists))("a page of %s", (_, { list, login, index, order, each }) => {
  test.each([
    ["a large organisation", [large]],
    ["a small one", [small]],
    ["both", [large, small]],
  ])("of %s is read by its index, the last one like the first", async (_name, wanted) => {
    const database = await explaining(login(), wanted.join(","));
    try {
      const seen: number[] = [];
      let found = 0;
      let before: number | undefined;
      for (;;) {
        const from = database.plans.length;
        const page = await list(database.db, { limit, before, organizations: wanted });
        const [plan] = database.plans.slice(from);
        if (!plan) throw new Error("There is no plan.");
        const all = database.plans.slice(from, from + wanted.length).flatMap(nodes);
        // Of one that has half of all, the order of all serves as well.
        const indexes = all.map((node) => node["Index Name"]);
        expect(indexes.some((one) => one === index || (one === order && wanted.includes(large)))).toBe(true);
        expect(all.filter((node) => node["Node Type"] === "Seq Scan")).toEqual([]);
        seen.push(rowsSeen(plan));
        found += page.length;
        before = positionOf(page.at(-1) as Position | undefined);
        if (page.length < limit) break;
      }
      expect(found).toBe(wanted.reduce((sum, id) => sum + each * (sizes[id] ?? 0), 0));
      // A page's rows, and with operations their stacks; of a small organisation all of them cost less than their order.
      const most = wanted.reduce(
        (sum, id) => sum + (id === large ? 4 * limit : each * (sizes[id] ?? 0) + limit),
        0,
      );
      expect(Math.max(...seen)).toBeLessThanOrEqual(most);
    } finally {
      await database.close();
    }
  });

  test("for the staff is read by the order of all", async () => {
    const database = await explaining(login(), "all");
    try {
      const page = await list(database.db, { limit });
      const deep = await list(database.db, { limit, before: 100 });
      expect([page.length, deep.length]).toEqual([limit, limit]);
      for (const plan of database.plans) {
        expect(rowsSeen(plan)).toBeLessThanOrEqual(3 * limit);
        expect(
          nodes(plan).filter(
            (node) => node["Node Type"] === "Seq Scan" && node["Relation Name"] !== "operation_steps",
          ),
        ).toEqual([]);
      }
    } finally {
      await database.close();
    }
  });
});
