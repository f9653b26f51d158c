import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { applyMigrations } from "../../control-plane/apply-migrations.ts";
import { connection, withClient } from "../../control-plane/database.ts";
import { migrateOwned } from "../../control-plane/migrate.ts";
import { type ServiceName, serviceNames } from "../../control-plane/service-names.ts";
import { until } from "../../control-plane/until.ts";
import { cloneDatabases, connectServer, type TestDatabases } from "../support/postgres.ts";
import { schemaOf } from "./schema-dump.ts";
import { addMigration, databaseOf, migrateBy, statesOf, withMigrations } from "./states.ts";

const server = connectServer(inject("postgres"));
let databases: TestDatabases;
/** A tenant database that is as new as the code. */
let name: string;
beforeEach(async () => {
  databases = await cloneDatabases(server);
  name = databases.names.tenant;
});
afterEach(() => databases.drop());

/** All of the tenant service's migrations, and more. */
const withMore = (
  more: Array<Parameters<typeof addMigration>[1]>,
  work: (folder: string) => Promise<void>,
): Promise<void> =>
  withMigrations("tenant", statesOf("tenant").at(-1), async (folder) => {
    for (const one of more) await addMigration(folder, one);
    await work(folder);
  });

/** As the tenants' owner, with little patience. */
const migrate = (folder: string, patienceMs: number) =>
  withClient(server.login("tenant_owner", name), "test", (client) =>
    applyMigrations(client, { folder, database: name, patienceMs }),
  );

/** Somebody's open transaction that reads the tenants. */
async function reader() {
  const client = new pg.Client(connection(server.login("tenant_run", name), "reader"));
  await client.connect();
  await client.query("begin isolation level repeatable read; select from tenants");
  return client;
}

describe("a migration that fails", () => {
  test("leaves the database as it was, says why, and goes through once it is mended", async () => {
    const before = await schemaOf(server, name);
    const sql =
      "alter table tenants add column x int;\n--> statement-breakpoint\nalter table tenant add column y int;";
    await withMore([{ tag: "9000_first", sql }], async (folder) => {
      await expect(migrate(folder, 1_000)).rejects.toThrow(
        `The migration 9000_first of the database "${name}" failed: relation "tenant" does not exist. Nothing of it was kept, and the version before it runs as before. Mend what is said, then run bin/berth start again.`,
      );
      expect(await schemaOf(server, name)).toBe(before);
      await writeFile(join(folder, "9000_first.sql"), sql.replace("tenant add", "tenants add"));
      await migrate(folder, 1_000);
      expect(await server.sql("select x, y from tenants", [], name)).toEqual([]);
    });
  });

  test("and makes an index beside the work waits with patience, and does not say that it left nothing", async () => {
    const says =
      "create function fails() returns bool language plpgsql immutable as $$ begin raise 'waits for %', current_setting('lock_timeout'); end $$;";
    const index = "CREATE INDEX CONCURRENTLY tenants_name ON tenants (name) WHERE fails();";
    const more = [
      { tag: "9000_function", sql: says },
      { tag: "9001_index", sql: index },
    ];
    await withMore(more, async (folder) => {
      await expect(migrate(folder, 70_000)).rejects.toThrow(
        `The migration 9001_index of the database "${name}" failed: waits for 70s. What was begun is made anew by the next run, and the version before it runs as before.`,
      );
    });
  });

  test("keeps those before it: each is a version that was released", async () => {
    const more = [
      { tag: "9000_good", sql: "create table good ();" },
      { tag: "9001_bad", sql: "create table bad ();\n--> statement-breakpoint\nselect 1/0;" },
    ];
    await withMore(more, async (folder) => {
      await expect(migrate(folder, 1_000)).rejects.toThrow(/^The migration 9001_bad of .+ division by zero/);
      const [row] = await server.sql(
        "select to_regclass('good') as good, to_regclass('bad') as bad",
        [],
        name,
      );
      expect(row).toEqual({ good: "good", bad: null });
    });
  });
});

describe("a migration that needs a table which somebody reads for long", () => {
  const change = [{ tag: "9000_column", sql: "alter table tenants add column x int;" }];
  /** Pushes in behind the migration while it waits, as every request of the service would. */
  const readMeanwhile = async () => {
    await until(
      async () => {
        const rows = await server.sql(
          "select from pg_locks l join pg_database d on d.oid = l.database where d.datname = $1 and not l.granted",
          [name],
        );
        return rows.length > 0;
      },
      { what: "the migration to wait", deadlineMs: 10_000, everyMs: 5 },
    );
    await server.sql("select from tenants", [], name);
  };

  test("gives way to others, and goes through when that has ended", async () => {
    await withMore(change, async (folder) => {
      const slow = await reader();
      const migrated = migrate(folder, 60_000);
      await readMeanwhile();
      // It still reads, and others have read meanwhile.
      await slow.query("select from tenants");
      await slow.end();
      expect(await migrated).toEqual({ isAhead: false });
      expect(await server.sql("select x from tenants", [], name)).toEqual([]);
    });
  });

  test("gives up in the end with a sentence, and has changed nothing", async () => {
    const before = await schemaOf(server, name);
    await withMore(change, async (folder) => {
      const slow = await reader();
      await expect(migrate(folder, 100)).rejects.toThrow(
        /^The migration 9000_column of the database "\w+" could not begin: something works in the tables .+ run bin\/berth start again\.$/,
      );
      await slow.end();
    });
    expect(await schemaOf(server, name)).toBe(before);
  });

  test("makes an index beside it, and again what was left of the first try", async () => {
    const index = [
      {
        tag: "9000_index",
        sql: "DROP INDEX CONCURRENTLY IF EXISTS tenants_name;\n--> statement-breakpoint\nCREATE INDEX CONCURRENTLY tenants_name ON tenants (name);",
      },
    ];
    const state = () =>
      server.sql(
        "select indisvalid as ok from pg_index where indexrelid = to_regclass('tenants_name')",
        [],
        name,
      );
    await withMore(index, async (folder) => {
      const slow = await reader();
      await expect(migrate(folder, 100)).rejects.toThrow(
        /^The migration 9000_index of .+ could not end: .+ What was begun is made anew by the next run\. See /,
      );
      expect(await state()).toEqual([{ ok: false }]);
      await slow.end();
      await migrate(folder, 60_000);
      expect(await state()).toEqual([{ ok: true }]);
      expect(await migrate(folder, 100)).toEqual({ isAhead: false });
    });
  });
});

describe("a database that is newer than the code", () => {
  test.each(serviceNames)("is left as it is, and told of: %s", async (service: ServiceName) => {
    const own = databases.names[databaseOf[service]];
    const before = await schemaOf(server, own);
    await withMigrations(service, statesOf(service).at(-2), async (folder) => {
      expect(await migrateBy(server, service, own, folder)).toEqual({ isAhead: true });
    });
    expect(await schemaOf(server, own)).toBe(before);
  });

  test("is named by a run of all", async () => {
    await withMore([{ tag: "9000_newer", sql: "create table newer ();" }], async (folder) => {
      await migrateBy(server, "tenant", name, folder);
    });
    expect(await migrateOwned(databases.owners)).toEqual([name]);
  });

  test("is refused when it lacks what the code has: it went another way", async () => {
    const before = await schemaOf(server, name);
    await withMore([{ tag: "9000_passed", sql: "create table passed ();", when: 1 }], async (folder) => {
      await expect(migrate(folder, 1_000)).rejects.toThrow(
        `The database "${name}" has later migrations than 9000_passed, and lacks that one: a version of another line was here.`,
      );
    });
    expect(await schemaOf(server, name)).toBe(before);
  });
});
