import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { migrateOwned, type Owners } from "../../control-plane/migrate.ts";
import { serviceNames } from "../../control-plane/service-names.ts";
import { until } from "../../control-plane/until.ts";
import { connectServer, prepareTemplates, startServer, type TestServer } from "../support/postgres.ts";
import { endBackend, pauseChanges } from "./pausing.ts";
import { schemaOf } from "./schema-dump.ts";
import { databaseOf, migrateBy, statesOf, withMigrations } from "./states.ts";

type Service = "auth" | "tenant" | "instance";
const all = ["auth", "tenant", "instance"] as const;
const shared = connectServer(inject("postgres"));

/** Empty databases of the three services. */
async function makeEmpty(server: TestServer) {
  const suffix = randomBytes(4).toString("hex");
  const names = { auth: `auth_${suffix}`, tenant: `tenant_${suffix}`, instance: `instance_${suffix}` };
  for (const one of all) await server.sql(`create database ${names[one]} owner ${one}_owner`);
  const owners: Owners = {
    auth: server.login("auth_owner", names.auth),
    tenant: server.login("tenant_owner", names.tenant),
    instance: server.login("instance_owner", names.instance),
  };
  return {
    names,
    owners,
    async drop() {
      for (const name of Object.values(names)) await server.sql(`drop database ${name} with (force)`);
    },
  };
}

const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
});

/** Runs the migrations in a process of its own. */
function migrating(owners: Owners): { child: ChildProcess; ended: Promise<{ code: unknown; said: string }> } {
  const child = spawn(process.execPath, [join(import.meta.dirname, "migrate-process.ts")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  children.add(child);
  child.stdin?.end(JSON.stringify(owners));
  const ended = Promise.all([once(child, "close"), text(child.stdout ?? [])]).then(
    ([[code, signal], said]) => ({
      code: code ?? signal,
      said,
    }),
  );
  return { child, ended };
}

/** Asserts that databases are what they would be if nothing had happened on the way. */
async function mustBeWhole(server: TestServer, names: Record<Service, string>): Promise<void> {
  for (const one of all)
    expect(await schemaOf(server, names[one]), one).toBe(await schemaOf(server, `${one}_template`));
}

/** Statements of each database's migrations. */
const statements: Record<Service, string[]> = { auth: [], tenant: [], instance: [] };
beforeAll(async () => {
  const { names, owners, drop } = await makeEmpty(shared);
  const watched = await Promise.all(all.map((one) => pauseChanges(shared, names[one])));
  await migrateOwned(owners);
  for (const [index, one] of all.entries()) {
    statements[one] = (await watched[index]?.seen()) ?? [];
    await watched[index]?.close();
  }
  await drop();
}, 120_000);

describe("a run of the migrations that loses its connection", () => {
  test.each(all)(
    "at each statement leaves none half done, and the next run ends well: %s",
    async (service) => {
      const { names, owners, drop } = await makeEmpty(shared);
      const pausing = await pauseChanges(shared, names[service]);
      try {
        for (const statement of statements[service]) {
          await pausing.hold(statement);
          const run = migrateOwned(owners).then(
            () => "It ran to its end.",
            (error: Error) => error.message,
          );
          await endBackend(shared, await pausing.held());
          expect(await run).toMatch(/^The migrations? .+ run bin\/berth start again/);
          await mustBeReleased(names[service], service);
        }
        console.log(`${service}: interrupted at ${statements[service].length} statements`);
        expect(statements[service].length).toBeGreaterThan(25);
        await pausing.hold();
        expect(await migrateOwned(owners)).toEqual([]);
      } finally {
        await pausing.close();
      }
      await mustBeWhole(shared, names);
      await drop();
    },
    400_000,
  );
});

/** What a service's own tables are after each number of migrations, shortly. */
const released = new Map<string, string>();
beforeAll(async () => {
  const { names, drop } = await makeEmpty(shared);
  for (const service of serviceNames) {
    const one = databaseOf[service];
    released.set(`${one} 0`, await shortly(names[one]));
    for (const [index, tag] of statesOf(service).entries()) {
      await withMigrations(service, tag, (folder) => migrateBy(shared, service, names[one], folder));
      released.set(`${one} ${index + 1}`, await shortly(names[one]));
    }
  }
  await drop();
}, 120_000);

async function mustBeReleased(database: string, service: Service): Promise<void> {
  const [applied] = await shared
    .sql<{ count: string }>("select count(*) from drizzle.__drizzle_migrations", [], database)
    .catch(() => [{ count: "0" }]);
  expect(await shortly(database)).toBe(released.get(`${service} ${applied?.count}`));
}

/** Tables, columns, indexes, rights, policies, triggers and functions, as one word. */
async function shortly(database: string): Promise<string> {
  const [row] = await shared.sql<{ word: string }>(
    `select md5(string_agg(line, E'\\n' order by line)) as word from (
       select format('%s %s %s %s %s', c.oid::regclass, c.relkind, c.relacl, c.relrowsecurity, (
         select string_agg(a.attname || a.attnotnull || coalesce(a.attacl::text, ''), ',') from pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0)) as line
       from pg_class c where c.relnamespace in (select oid from pg_namespace where nspname in ('public', 'routing'))
       union all select format('%s %s %s', nspname, nspacl, '') from pg_namespace where nspname in ('public', 'routing')
       union all select format('%s %s', conrelid::regclass, conname) from pg_constraint
         where connamespace in (select oid from pg_namespace where nspname in ('public', 'routing'))
       union all select format('%s %s', tgrelid::regclass, tgname) from pg_trigger where not tgisinternal
         and tgrelid::regclass::text not like 'pgboss.%'
       union all select format('%s %s', polrelid::regclass, polname) from pg_policy
       union all select oid::regprocedure::text from pg_proc where pronamespace = 'public'::regnamespace
     ) lines`,
    [],
    database,
  );
  return row?.word ?? "nothing";
}

describe("a run of the migrations that is killed", () => {
  const places = all.flatMap((service) =>
    (["first", "middle", "last"] as const).map((at) => [service, at] as const),
  );

  test.each(places)(
    "lets go of its lock, and the next run ends well: %s, at the %s statement",
    async (service, at) => {
      const { names, owners, drop } = await makeEmpty(shared);
      const pausing = await pauseChanges(shared, names[service]);
      try {
        await pausing.hold(statementOf(service, at));
        const { child, ended } = migrating(owners);
        await pausing.held();
        child.kill("SIGKILL");
        expect(await ended).toEqual({ code: "SIGKILL", said: "" });
        // What it waited for is still held: only that it is dead sets its own lock free.
        await pausing.hold();
        expect(await migrateOwned(owners)).toEqual([]);
      } finally {
        await pausing.close();
      }
      await mustBeWhole(shared, names);
      await drop();
    },
  );

  test("is followed by one that waited for it", async () => {
    const { names, owners, drop } = await makeEmpty(shared);
    const pausing = await pauseChanges(shared, names.tenant);
    try {
      await pausing.hold(statementOf("tenant", "middle"));
      const first = migrating(owners);
      await pausing.held();
      const second = migrating(owners);
      await until(async () => (await waiting(names.tenant)) === 1, {
        ...{ what: "the second run to wait", deadlineMs: 20_000, everyMs: 20 },
      });
      await pausing.hold();
      first.child.kill("SIGKILL");
      expect(await second.ended).toEqual({ code: 0, said: "" });
      expect((await first.ended).code).toBe("SIGKILL");
    } finally {
      await pausing.close();
    }
    await mustBeWhole(shared, names);
    await drop();
  });
});

/** How many wait to migrate a database. */
async function waiting(database: string): Promise<number> {
  const rows = await shared.sql(
    // Asked last for the lock: whoever has it has asked for something else since.
    "select from pg_stat_activity where datname = $1 and application_name = 'berth migrate' and query ~ 'pg_try_advisory_lock'",
    [database],
  );
  return rows.length;
}

function statementOf(service: Service, at: "first" | "middle" | "last"): string {
  const all = statements[service];
  return all[{ first: 0, middle: Math.floor(all.length / 2), last: all.length - 1 }[at]] ?? "";
}

describe("a run of the migrations whose PostgreSQL goes down", () => {
  let own: TestServer;
  beforeAll(async () => {
    own = await startServer(inject("postgresImage"));
    await prepareTemplates(own);
  }, 120_000);
  afterAll(() => own?.remove());

  test("ends with a sentence, and the next one ends well", async () => {
    const { names, owners } = await makeEmpty(own);
    const pausing = await pauseChanges(own, names.tenant);
    await pausing.hold(statementOf("tenant", "middle"));
    const { ended } = migrating(owners);
    await pausing.held();
    await own.stop();
    const { code, said } = await ended;
    expect(code).toBe(1);
    expect(said).toMatch(
      /^The migration \w+ of the database "tenant_\w+" failed: .+ run bin\/berth start again\.$/,
    );
    await own.start();
    await pausing.close();
    expect(await migrateOwned(owners)).toEqual([]);
    await mustBeWhole(own, names);
  });
});
