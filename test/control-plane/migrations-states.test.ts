import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { verifyExport } from "../../control-plane/audit/verify-export.ts";
import { connection } from "../../control-plane/database.ts";
import { migrateOwned } from "../../control-plane/migrate.ts";
import { mustBeOwnLogin } from "../../control-plane/own-login.ts";
import { type ServiceName, serviceNames } from "../../control-plane/service-names.ts";
import { until } from "../../control-plane/until.ts";
import { cloneDatabases, connectServer } from "../support/postgres.ts";
import { as, open, organizationsPath } from "./people.ts";
import { schemaOf } from "./schema-dump.ts";
import { databaseOf, makeStates, rowsOf, statesOf } from "./states.ts";
import { freshSlug, newTenantBody, type TenantAnswer, withServices } from "./support.ts";
import { untilStatus, work } from "./worker.ts";

const server = connectServer(inject("postgres"));
const suffix = randomBytes(4).toString("hex");
/** Databases by service and state, filled with data. */
const made = new Map<ServiceName, Map<string, string>>();

beforeAll(async () => {
  for (const service of serviceNames)
    made.set(service, await makeStates(server, service, `state_${service}_${suffix}`));
});
afterAll(async () => {
  for (const states of made.values())
    for (const name of states.values()) await server.sql(`drop database ${name} with (force)`);
});

/** What a new database is. */
const known = new Map<string, Promise<string>>();
function fresh(database: string): Promise<string> {
  const schema = known.get(database) ?? schemaOf(server, `${database}_template`);
  known.set(database, schema);
  return schema;
}

const stateOf = (service: ServiceName, tag = statesOf(service).at(-1) ?? "") =>
  made.get(service)?.get(tag) ?? "";

const states = serviceNames.flatMap((service) => statesOf(service).map((tag) => [service, tag] as const));

describe.each(states)("the %s service's database at %s, with data in it,", (service, tag) => {
  const database = databaseOf[service];
  let before: Awaited<ReturnType<typeof rowsOf>>;
  let after: Awaited<ReturnType<typeof rowsOf>>;
  const t = withServices({}, async () => {
    before = await rowsOf(server, stateOf(service, tag));
    const databases = await cloneDatabases(server, {
      ...{ auth: stateOf("user"), tenant: stateOf("tenant"), instance: stateOf("instance") },
      [database]: stateOf(service, tag),
    });
    expect(await migrateOwned(databases.owners)).toEqual([]);
    after = await rowsOf(server, databases.names[database]);
    return databases;
  });

  test("keeps every row and every value of it", () => {
    for (const [table, rows] of before) {
      const left = [...(after.get(table) ?? [])];
      expect(left.length, table).toBeGreaterThanOrEqual(rows.length);
      for (const row of rows) {
        const values = Object.entries(row).filter(([, value]) => value !== null);
        const kept = left.findIndex((one) =>
          values.every(([name, value]) => isDeepStrictEqual(one[name], value)),
        );
        expect(kept, `${table}: ${JSON.stringify(row)}`).toBeGreaterThanOrEqual(0);
        left.splice(kept, 1);
      }
    }
    expect([...before.values()].flat().length).toBeGreaterThan(0);
  });

  test("has every entry of its audit in a chain that is whole", async () => {
    const name = t.databases.names[database];
    const rows = await server.sql<{ line: string }>(
      "select line from audit order by chain, position",
      [],
      name,
    );
    expect(rows.length).toBeGreaterThanOrEqual(before.get("public.audit")?.length ?? 0);
    const lines = (async function* () {
      for (const { line } of rows) yield Buffer.from(line);
    })();
    const { flaws, chains } = await verifyExport(lines, []);
    expect(flaws).toEqual([]);
    expect(chains.reduce((sum, { entries }) => sum + entries, 0)).toBe(rows.length);
  });

  test("becomes what a new one is: tables, rights, row security", async () => {
    const name = t.databases.names[database];
    expect(await schemaOf(server, name)).toBe(await fresh(database));
    const client = new pg.Client(connection(server.login(`${database}_run`, name), "test"));
    await client.connect();
    try {
      for (const table of after.keys())
        await expect(client.query(`alter table ${table} add mine int`), table).rejects.toThrow(
          /must be owner|permission denied/,
        );
    } finally {
      await client.end();
    }
  });

  test("serves what was in it, and takes what is new", async () => {
    for (const name of serviceNames) await mustBeOwnLogin(name, t.databases.logins[name]);
    // What should be, as it was left: one changes, one is told by the feed, one is delivered.
    const { items } = await t.expect<{ items: Array<{ slug: string; name: string }> }>(
      ...([200, "GET", "/tenant/v1/tenants"] as const),
    );
    const names = Object.fromEntries(items.map(({ slug, name }) => [slug, name]));
    expect(names).toMatchObject({
      acme: "Acme Ltd",
      late: "Späth & Söhne",
      fail: "Fail GmbH",
      wait: "Wait SARL",
    });
    expect(names).not.toHaveProperty("gone");
    await untilStatus(t, "late", "ready");
    await untilStatus(t, "wait", "creating");
    await t.expect(200, "PATCH", "/tenant/v1/tenants/acme", { name: "Acme & Co" });
    // What is.
    const operation = await t.expect<{ status: string; steps: Array<{ name: string }> }>(
      ...([200, "GET", "/instance/v1/operations/op_acme000000000001"] as const),
    );
    expect(operation.status).toBe("succeeded");
    expect(operation.steps.map(({ name }) => name)).toEqual(["database", "container"]);
    // What is new, from the first reserved id on.
    const slug = freshSlug();
    const { tenant } = await t.expect<TenantAnswer>(202, "POST", "/tenant/v1/tenants", newTenantBody(slug));
    await work(t, tenant.id);
    await untilStatus(t, slug, "ready");
    await until(
      async () => (await t.rows("tenant", "select from outbox where done_at is null")).length === 0,
      {
        ...{ what: "the outbox to be empty", deadlineMs: 10_000, everyMs: 20 },
      },
    );
  });

  test("knows who was in it", async () => {
    const signIn = (email: string) =>
      t.call("POST", "/user/v1/sessions", { email, password: "a password of the tests" }, open);
    const statuses = {
      password: (await signIn("ada@acme.example")).status,
      session: (await t.call("GET", "/user/v1/sessions/current", undefined, as(oldSession))).status,
      secondFactor: (await signIn("bob@acme.example")).status,
      key: (await t.call("GET", "/tenant/v1/tenants/owned", undefined, as(oldKey))).status,
      organization: (
        await t.call("GET", `${organizationsPath}/org_acme000000000001`, undefined, as(oldSession))
      ).status,
    };
    const tables = service === "user" ? [...before.keys()] : ["public.users", "public.organizations"];
    const hadPeople = tables.includes("public.users");
    const hadOrganizations = tables.includes("public.organizations");
    const hadOwned = hadOrganizations && (service !== "tenant" || tag >= "0002");
    expect(statuses).toEqual({
      password: hadPeople ? 201 : 401,
      session: hadPeople ? 200 : 401,
      secondFactor: hadOrganizations ? 202 : 401,
      key: hadOwned ? 200 : hadOrganizations ? 404 : 401,
      organization: hadOrganizations ? 200 : hadPeople ? 404 : 401,
    });
  });
});

const oldSession = "a-session-of-the-tests-of-states";
const oldKey = "berth_a-key-of-the-tests-of-states";
