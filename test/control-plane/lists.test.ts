import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { allRights, noRights } from "../../control-plane/access/principal.ts";
import { ownCaller } from "../../control-plane/audit/write.ts";
import { newId } from "../../control-plane/ids.ts";
import { listOperations } from "../../control-plane/instance/read-operations.ts";
import { listTenants } from "../../control-plane/tenant/read-tenants.ts";
import type { UserContext } from "../../control-plane/user/context.ts";
import { listOrganizationKeys } from "../../control-plane/user/keys/list-organization-keys.ts";
import { listKeys } from "../../control-plane/user/keys/read-keys.ts";
import {
  listInvitations,
  listMyInvitations,
} from "../../control-plane/user/organizations/read-invitations.ts";
import { listMembers } from "../../control-plane/user/organizations/read-members.ts";
import { listOrganizations } from "../../control-plane/user/organizations/read-organizations.ts";
import { listSessions } from "../../control-plane/user/session/list-sessions.ts";
import { listPeople } from "../../control-plane/user/staff/read-people.ts";
import { cloneDatabases, connectServer, type TestDatabases } from "../support/postgres.ts";
import { explaining, nodes, rowsSeen } from "./explain.ts";
import { writeUserRows } from "./user-rows.ts";

// 10,000 tenants with two operations each, half of them one organisation's: what a page costs must not depend on how many
// there are, nor on how deep it is.
const many = 10_000;
const limit = 21;
const organizations = Array.from({ length: 100 }, () => newId("org"));
const [large = "", , small = ""] = organizations;
const sizes: Record<string, number> = {};
let databases: TestDatabases;
let users: Awaited<ReturnType<typeof writeUserRows>>;
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
  users = await writeUserRows((text, values) => server.sql(text, values, names.auth));
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

/** Rows of a page after another one, and what the next one is after. */
type Page = { found: number; next: string | null | undefined };
const pageOf = <Row>(rows: Row[], position: (row: Row) => string): Page => {
  const last = rows.at(-1);
  return { found: rows.length, next: rows.length < limit || !last ? null : position(last) };
};
const byId = ({ id }: { id: string }) => id;
const person = (rights = noRights) => ({ ...ownCaller("user", "test"), user: users.person, rights });
const member = () => person({ ...noRights, roles: { [users.organization]: "viewer" } });

interface UserList {
  /** Those that serve. */
  indexes: string[];
  /** All rows, of 10,000. */
  rows: number;
  /** Rows that a page is made of, where there can never be many. */
  most?: number;
  scope?: () => string;
  caller?: () => UserContext["caller"];
  list: (ctx: UserContext, after: string | undefined) => Promise<Page>;
}
const more = (after: string | undefined) => ({ limit, ...(after === undefined ? {} : { after }) });
const ofOrganization = {
  scope: () => users.organization,
  caller: () => member(),
};
const userLists: Record<string, UserList> = {
  "an organisation's members": {
    ...ofOrganization,
    indexes: ["members_organization"],
    rows: 500,
    list: async (ctx, after) =>
      pageOf(
        await listMembers(ctx, { organization: users.organization, ...more(after) }),
        ({ position }) => position,
      ),
  },
  "an organisation's invitations": {
    ...ofOrganization,
    indexes: ["invitations_organization"],
    rows: 100,
    // All that it has, and who may send them.
    most: 500 + 500 + limit,
    list: async (ctx, after) =>
      pageOf(await listInvitations(ctx, { organization: users.organization, ...more(after) }), byId),
  },
  "an organisation's keys": {
    ...ofOrganization,
    // Of one that has half of all, the order of all serves as well.
    indexes: ["api_keys_organization", "api_keys_pkey"],
    rows: 5_000,
    list: async (ctx, after) =>
      pageOf(await listOrganizationKeys(ctx, { organization: users.organization, ...more(after) }), byId),
  },
  "the staff's keys": {
    // By the second one what is left at the end.
    indexes: ["api_keys_staff", "api_keys_organization"],
    rows: 250,
    list: async ({ db }, after) => pageOf(await listKeys(db, { organization: null, ...more(after) }), byId),
  },
  "all organisations": {
    indexes: ["organizations_pkey"],
    rows: 10_000,
    caller: () => person(allRights),
    list: async (ctx, after) => pageOf(await listOrganizations(ctx, more(after)), byId),
  },
  "a member's organisations": {
    indexes: ["organizations_pkey"],
    rows: 200,
    scope: () => users.organizations.slice(0, 200).join(","),
    caller: () => {
      const mine = users.organizations.slice(0, 200).map((id) => [id, "viewer"] as const);
      return person({ ...noRights, roles: Object.fromEntries(mine) });
    },
    list: async (ctx, after) => pageOf(await listOrganizations(ctx, more(after)), byId),
  },
  "somebody's sessions": {
    indexes: ["sessions_user"],
    rows: 5_001,
    list: async (ctx, cursor) => {
      const session = { account: { id: users.person }, token: "" } as Parameters<typeof listSessions>[1];
      const { items, nextCursor } = await listSessions(ctx, session, { limit, cursor });
      return { found: items.length, next: nextCursor };
    },
  },
  "invitations to somebody": {
    indexes: ["invitations_email"],
    rows: 200,
    // All of them, with their organisations and who has sent them: who invites is counted.
    most: 3 * 200 + 1,
    list: async (ctx, after) => pageOf(await listMyInvitations(ctx, more(after)), byId),
  },
  people: {
    indexes: ["users_pkey"],
    rows: 10_000,
    list: async ({ db }, after) => pageOf(await listPeople(db, more(after)), byId),
  },
  "the staff": {
    indexes: ["users_staff"],
    rows: 250,
    list: async ({ db }, after) => pageOf(await listPeople(db, { staff: true, ...more(after) }), byId),
  },
  "people with an address": {
    indexes: ["users_email"],
    rows: 1,
    list: async ({ db }, after) =>
      pageOf(await listPeople(db, { email: `${users.person}@acme.example`, ...more(after) }), byId),
  },
};

test.each(Object.entries(userLists))(
  "a page of %s is read by its index, the last one like the first",
  async (_, one) => {
    const { list, indexes, rows, most, scope = () => "all", caller = () => person() } = one;
    const database = await explaining(databases.logins.user, scope());
    const ctx = { db: database.db, scoped: database.db, caller: caller() } as UserContext;
    try {
      const seen: number[] = [];
      let found = 0;
      let after: string | undefined;
      for (;;) {
        const page = await list(ctx, after);
        // Before it an organisation is looked for, by its id.
        const plan = database.plans.at(-1);
        if (!plan) throw new Error("There is no plan.");
        const all = nodes(plan);
        expect(all.some((node) => indexes.includes(node["Index Name"] ?? ""))).toBe(true);
        expect(all.filter((node) => node["Node Type"] === "Seq Scan")).toEqual([]);
        seen.push(rowsSeen(plan));
        found += page.found;
        if (!page.next) break;
        after = page.next;
      }
      expect(found).toBe(rows);
      // A page's rows, and with some of them who made them or is behind them. At the end of a list PostgreSQL may sort what
      // is left, as far as it knows how much that is.
      const [usual] = seen.toSorted((a, b) => a - b).slice(Math.floor(seen.length / 2));
      expect(usual).toBeLessThanOrEqual(most ?? 3 * limit);
      expect(Math.max(...seen)).toBeLessThanOrEqual(most ?? 20 * limit);
    } finally {
      await database.close();
    }
  },
);
