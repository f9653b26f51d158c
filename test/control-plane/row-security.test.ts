import pg from "pg";
import { beforeAll, describe, expect, test } from "vitest";
import { connection } from "../../control-plane/database.ts";
import { newId } from "../../control-plane/ids.ts";
import { withServices } from "./support.ts";

const t = withServices();
type Service = "auth" | "tenant" | "instance";
type Sql = (text: string, values?: unknown[]) => Promise<pg.QueryResult>;

const [mine, theirs] = [newId("org"), newId("org")];
/** Two tenants of mine and one of theirs. */
const [one, two, other] = [newId("ten"), newId("ten"), newId("ten")];
const user = newId("usr");
const key = (name: string, owner: string) => `${name}_${owner}`;

interface Table {
  service: Service;
  table: string;
  /** The column that names a row. */
  column: string;
  /** Rows of mine, those of them that are of tenant `one`, and rows of theirs. */
  rows: { mine: string[]; one: string[]; theirs: string[] };
  /** Adds a row that belongs to an organisation, or to a tenant of it. */
  add: (organization: string, tenant: string) => [string, unknown[]];
  /** What the run-time user may do besides reading and adding. */
  change?: string;
  /** The column that says whose it is, where it may be changed. */
  owner?: string;
  removes?: boolean;
}

/** Of the auth database: nothing in it belongs to one tenant. */
const ofOrganization = (name: string, more: Pick<Table, "add" | "change">): Table => ({
  service: "auth",
  table: name,
  column: "id",
  owner: "organization_id",
  removes: true,
  rows: { mine: [key(name, mine)], one: [key(name, mine)], theirs: [key(name, theirs)] },
  ...more,
});
const ofTenant = (service: Service, table: string, more: Partial<Table> & Pick<Table, "add">): Table => ({
  service,
  table,
  column: "tenant_id",
  rows: { mine: [one, two], one: [one], theirs: [other] },
  ...more,
});
const operations = {
  mine: [key("op", one), key("op", two)],
  one: [key("op", one)],
  theirs: [key("op", other)],
};

const tables: Table[] = [
  {
    ...ofOrganization("organizations", {
      change: "name = 'Y'",
      add: (organization) => [
        "insert into organizations (id, name, slug) values ($1, 'X', $1) on conflict (id) do update set name = 'X'",
        [organization],
      ],
    }),
    owner: "id",
    rows: { mine: [mine], one: [mine], theirs: [theirs] },
  },
  ofOrganization("members", {
    change: "role = 'owner'",
    add: (organization) => [
      "insert into members (id, organization_id, user_id, role) values ($1, $2, $3, 'owner')",
      [newId("mem"), organization, t.staff.user],
    ],
  }),
  ofOrganization("invitations", {
    change: "role = 'owner'",
    add: (organization) => [
      "insert into invitations (id, organization_id, email, role, inviter_id, expires_at) values ($1, $2, 'x', 'owner', $3, now())",
      [newId("inv"), organization, user],
    ],
  }),
  ofOrganization("api_keys", {
    change: "scope = 'write'",
    add: (organization) => [
      "insert into api_keys (id, key, reference_id, organization_id) values ($1, $1, $2, $3)",
      [newId("key"), user, organization],
    ],
  }),
  ofTenant("tenant", "tenants", {
    column: "id",
    owner: "organization_id",
    change: "name = 'Y'",
    add: (organization) => tenant(newId("ten"), organization),
  }),
  ofTenant("tenant", "specs", {
    add: (_, of) => ["insert into specs (tenant_id, revision) values ($1, 2)", [of]],
  }),
  ofTenant("tenant", "outbox", {
    owner: "tenant_id",
    change: "attempts = 7",
    add: (_, of) => [
      "insert into outbox (tenant_id, request, request_id, done_at) values ($1, '{}', 'x', now())",
      [of],
    ],
  }),
  ofTenant("instance", "stacks", {
    owner: "organization_id",
    change: "status = 'failed'",
    add: (organization) => stack(newId("ten"), organization),
  }),
  ofTenant("instance", "operations", {
    column: "id",
    rows: operations,
    owner: "organization_id",
    change: "attempt = 7",
    add: (organization, of) => operation(newId("op"), of, organization),
  }),
  ofTenant("instance", "instances", {
    owner: "tenant_id",
    change: "template = 'x'",
    removes: true,
    add: (_, of) => ["insert into instances (tenant_id, name, hosts) values ($1, 'x', '{}')", [of]],
  }),
  ofTenant("instance", "instance_figures", {
    owner: "tenant_id",
    change: "up = false",
    removes: true,
    add: (_, of) => ["insert into instance_figures (tenant_id, instance, up) values ($1, 'x', true)", [of]],
  }),
  ofTenant("instance", "operation_steps", {
    column: "operation_id",
    rows: operations,
    owner: "operation_id",
    change: "detail = 'x'",
    add: (_, of) => [
      "insert into operation_steps (operation_id, name, position, status) values ($1, 'x', 2, 'running')",
      [key("op", of)],
    ],
  }),
  ofTenant("instance", "operation_events", {
    column: "operation_id",
    rows: operations,
    add: (_, of) => [
      "insert into operation_events (operation_id, number, type, data) values ($1, 2, 'x', '{}')",
      [key("op", of)],
    ],
  }),
];

function tenant(id: string, organization: string): [string, unknown[]] {
  return [
    "insert into tenants (id, organization_id, slug, name, url, admin_email, revision, operation_id, operation_kind) values ($1, $2, $1, 'X', 'x', 'x', 1, 'op_x', 'create')",
    [id, organization],
  ];
}

function stack(id: string, organization: string): [string, unknown[]] {
  return [
    "insert into stacks (tenant_id, organization_id, slug, status) values ($1, $2, $1, 'ready')",
    [id, organization],
  ];
}

function operation(id: string, of: string, organization: string): [string, unknown[]] {
  return [
    "insert into operations (id, tenant_id, organization_id, kind, status, spec_revision, request_id, actor) values ($1, $2, $3, 'create', 'succeeded', 1, 'x', 'x')",
    [id, of, organization],
  ];
}

beforeAll(async () => {
  await t.rows("auth", "insert into users (id, name, email) values ($1, 'Ada', $1)", [user]);
  for (const owner of [mine, theirs]) {
    for (const text of [
      "insert into organizations (id, name, slug) values ($1, 'X', $1)",
      `insert into members (id, organization_id, user_id, role) values ('members_' || $1, $1, '${user}', 'viewer')`,
      `insert into invitations (id, organization_id, email, role, inviter_id, expires_at)
         values ('invitations_' || $1, $1, 'x', 'viewer', '${user}', now())`,
      `insert into api_keys (id, key, reference_id, organization_id) values ('api_keys_' || $1, $1, '${user}', $1)`,
    ]) {
      await t.rows("auth", text, [owner]);
    }
  }
  for (const [of, owner] of [
    [one, mine],
    [two, mine],
    [other, theirs],
  ] as const) {
    await t.rows("tenant", ...tenant(of, owner));
    await t.rows("tenant", "insert into specs (tenant_id, revision) values ($1, 1)", [of]);
    // Done already: nobody is to deliver it.
    await t.rows(
      "tenant",
      "insert into outbox (tenant_id, request, request_id, done_at) values ($1, '{}', 'x', now())",
      [of],
    );
    await t.rows("instance", ...stack(of, owner));
    await t.rows("instance", ...operation(key("op", of), of, owner));
    for (const text of [
      "insert into instances (tenant_id, name, hosts) values ($1, 'production', '{}')",
      "insert into instance_figures (tenant_id, instance, up) values ($1, 'production', true)",
      "insert into operation_steps (operation_id, name, position, status) values ('op_' || $1, 'a', 1, 'running')",
      "insert into operation_events (operation_id, number, type, data) values ('op_' || $1, 1, 'x', '{}')",
      "insert into stack_history (tenant_id, operation_id, history, state) values ($1, 'op_' || $1, '{}', '{}')",
    ]) {
      await t.rows("instance", text, [of]);
    }
  }
});

/** Runs statements as a service's run-time user in a scope; all of it is taken back. */
async function as<T>(
  service: Service,
  scope: { organizations?: string; tenant?: string },
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  const login = t.databases.server.login(`${service}_run`, t.databases.names[service]);
  const client = new pg.Client({ ...connection(login, "test"), options: undefined });
  await client.connect();
  try {
    await client.query("begin");
    for (const [name, value] of Object.entries(scope))
      await client.query("select set_config($1, $2, true)", [`berth.${name}`, value]);
    return await work((text, values) => client.query(text, values));
  } finally {
    await client.end();
  }
}

const seen = ({ service, table, column }: Table, scope: Parameters<typeof as>[1]) =>
  as(service, scope, async (sql) => {
    const { rows } = await sql(`select ${column} as key from ${table}`);
    return rows.map((row) => row.key as string).toSorted();
  });

const ownRows = tables.map((one) => [`${one.service}: ${one.table}`, one] as const);

describe.each(ownRows)("%s", (_, held) => {
  const { service, table, rows } = held;

  test("shows a scope its own rows only", async () => {
    for (const scope of [
      {},
      { organizations: "" },
      { organizations: "", tenant: one },
      { tenant: one },
      { organizations: newId("org") },
      { organizations: `${mine.slice(0, -1)}` },
      { organizations: `${mine}x` },
      { organizations: "ALL" },
      { organizations: "%" },
    ])
      expect(await seen(held, scope), JSON.stringify(scope)).toEqual([]);
    expect(await seen(held, { organizations: mine })).toEqual(rows.mine.toSorted());
    expect(await seen(held, { organizations: mine, tenant: "" })).toEqual(rows.mine.toSorted());
    expect(await seen(held, { organizations: theirs })).toEqual(rows.theirs);
    expect(await seen(held, { organizations: `${theirs},${mine}` })).toEqual(
      [...rows.mine, ...rows.theirs].toSorted(),
    );
    expect(await seen(held, { organizations: mine, tenant: one })).toEqual(rows.one);
    if (service !== "auth") {
      expect(await seen(held, { organizations: mine, tenant: other })).toEqual([]);
      expect(await seen(held, { organizations: "all", tenant: one })).toEqual(rows.one);
    }
    const all = await t.rows(service, `select ${held.column} as key from ${table}`);
    expect(await seen(held, { organizations: "all" })).toEqual(
      all.map((row) => row.key as string).toSorted(),
    );
    expect(all.length).toBeGreaterThanOrEqual(rows.mine.length + rows.theirs.length);
  });

  test("takes no row of another's", async () => {
    const add = (scope: Parameters<typeof as>[1], organization: string, of: string) =>
      as(service, scope, (sql) => sql(...held.add(organization, of)));
    const refused = /row-level security/;
    for (const scope of [{}, { organizations: mine }, { organizations: mine, tenant: one }])
      await expect(add(scope, theirs, other), JSON.stringify(scope)).rejects.toThrow(refused);
    await expect(add({}, mine, one)).rejects.toThrow(refused);
    expect((await add({ organizations: mine }, mine, one)).rowCount).toBe(1);
    expect((await add({ organizations: "all" }, theirs, other)).rowCount).toBe(1);
  });

  test("lets nobody change, move or remove another's", async () => {
    const counts = async (statement: string) => {
      const run = (scope: Parameters<typeof as>[1]) =>
        as(service, scope, async (sql) => (await sql(statement)).rowCount);
      return [
        await run({}),
        await run({ organizations: mine }),
        await run({ organizations: mine, tenant: one }),
      ];
    };
    const expected = [0, rows.mine.length, rows.one.length];
    const { change, owner } = held;
    if (change) expect(await counts(`update ${table} set ${change}`)).toEqual(expected);
    else
      await expect(counts(`update ${table} set ${held.column} = 'x'`)).rejects.toThrow(/permission denied/);
    // What refers to a row goes with it, or keeps it: only tables that nothing refers to are emptied here.
    if (held.removes) expect(await counts(`delete from ${table}`)).toEqual(expected);
    else await expect(counts(`delete from ${table}`)).rejects.toThrow(/permission denied/);
    if (!owner) return;
    const to = { tenant_id: other, operation_id: key("op", other) }[owner] ?? theirs;
    const move = `update ${table} set ${owner} = '${to}' where ${held.column} = '${rows.one[0]}'`;
    await expect(as(service, { organizations: mine }, (sql) => sql(move))).rejects.toThrow(
      /row-level security|duplicate key/,
    );
  });
});

describe("what happened, and is kept for staff and our services,", () => {
  test.each([
    ["tenant", "audit", "(actor, action, target, request_id) values ('x', 'x', 'x', 'x')"],
    ["instance", "audit", "(actor, action, target, request_id) values ('x', 'x', 'x', 'x')"],
    ["instance", "feed", "(type, tenant_id, data) values ('operation', 'x', '{}')"],
  ] as const)(
    "is told by everybody and read where all is in scope: %s, %s",
    async (service, table, values) => {
      const read = (sql: Sql) => sql(`select from ${table}`);
      for (const scope of [{}, { organizations: mine }, { organizations: mine, tenant: one }]) {
        await as(service, scope, async (sql) => {
          expect((await sql(`insert into ${table} ${values}`)).rowCount).toBe(1);
          expect((await read(sql)).rowCount).toBe(0);
        });
      }
      await as(service, { organizations: "all" }, async (sql) => {
        await sql(`insert into ${table} ${values}`);
        expect((await read(sql)).rowCount).toBeGreaterThan(0);
      });
      await as(service, { organizations: "all", tenant: one }, async (sql) => {
        await sql(`insert into ${table} ${values}`);
        expect((await read(sql)).rowCount).toBe(0);
      });
    },
  );

  test("of stacks that are gone is seen and written where all is in scope", async () => {
    const write =
      "insert into stack_history (tenant_id, operation_id, history, state) values ('x', 'x', '{}', '{}')";
    for (const scope of [{}, { organizations: mine }]) {
      expect((await as("instance", scope, (sql) => sql("select from stack_history"))).rowCount).toBe(0);
      await expect(as("instance", scope, (sql) => sql(write))).rejects.toThrow(/row-level security/);
    }
    await as("instance", { organizations: "all" }, async (sql) => {
      expect((await sql(write)).rowCount).toBe(1);
      expect((await sql("select from stack_history")).rowCount).toBe(4);
    });
    const ofOne = await as("instance", { organizations: "all", tenant: one }, (sql) =>
      sql("select from stack_history"),
    );
    expect(ofOne.rowCount).toBe(1);
  });
});

describe("row security", () => {
  /** What no caller's scope is asked about, and why. */
  const free: Record<Service, Record<string, string>> = {
    auth: {
      audit: "read for callers by the chain that choose-chain.ts lets them have, and by services only",
    },
    tenant: {
      reserve: "ids that nobody has yet",
      closed_organizations: "whoever makes a tenant looks for one by its id",
    },
    instance: { leases: "workers only" },
  };

  test.each(["auth", "tenant", "instance"] as const)(
    "is on every table that tells of organisations or tenants: %s",
    async (service) => {
      const rows = await t.rows<{ name: string }>(
        service,
        `select distinct c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
         where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and not c.relrowsecurity
           and a.attname in ('organization_id', 'tenant_id')`,
      );
      expect(rows.map(({ name }) => name).toSorted()).toEqual(Object.keys(free[service]).toSorted());
    },
  );

  test.each(["auth", "tenant", "instance"] as const)(
    "is not got round by the run-time user: %s",
    async (service) => {
      const [role] = await t.rows(
        "tenant",
        "select rolsuper, rolbypassrls from pg_roles where rolname = $1",
        [`${service}_run`],
      );
      expect(role).toEqual({ rolsuper: false, rolbypassrls: false });
      const owned = await t.rows(service, "select from pg_tables where tableowner = $1", [`${service}_run`]);
      expect(owned).toEqual([]);
      const table = { auth: "members", tenant: "tenants", instance: "stacks" }[service];
      await as(service, { organizations: mine }, async (sql) => {
        await sql("savepoint before");
        await expect(sql(`alter table ${table} disable row level security`)).rejects.toThrow(/must be owner/);
        await sql("rollback to before");
        await sql("set local row_security = off");
        await expect(sql(`select from ${table}`)).rejects.toThrow(/row-level security/);
      });
    },
  );
});
