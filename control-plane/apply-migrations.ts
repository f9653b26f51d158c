import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readMigrationFiles } from "drizzle-orm/migrator";
import pg from "pg";
import { z } from "zod";
import { DeadlineError, until } from "./until.ts";

const journal = z.object({ entries: z.array(z.object({ tag: z.string(), when: z.int() })) });

/** Where drizzle-kit notes what was applied, too. */
const applied = "drizzle.__drizzle_migrations";

/** Whoever asks for a table waits behind a migration that waits for it: never for longer than these milliseconds. */
const lockTimeoutMs = 2_000;
const pauseMs = 500;
/** Milliseconds that locks are asked for again and again. */
const patienceMs = 60_000;

/** What went wrong, in a sentence that says what to do. */
export class MigrationError extends Error {
  override name = "MigrationError";
}

interface Migration {
  tag: string;
  when: number;
  hash: string;
  statements: string[];
}

/**
 * Brings a database to the newest migration of a folder, one transaction for each. One that makes or drops an index
 * CONCURRENTLY runs without, and must be fit to run again. Throws {@link MigrationError}; what failed left nothing behind,
 * or an index without use that the next run makes anew.
 * @param client the owner's connection, which nobody else migrates beside
 * @param options.patienceMs how long to try when other work holds the tables
 * @returns whether the database has migrations that the folder does not: a newer version was here, and nothing is done
 */
export async function applyMigrations(
  client: pg.Client,
  options: { folder: string; database: string; patienceMs?: number },
): Promise<{ isAhead: boolean }> {
  const known = await readMigrations(options.folder);
  const done = await readApplied(client);
  const pending = known.filter(({ when }) => !done.has(when));
  const passedOver = pending.find(({ when }) => when < Math.max(...done));
  if (passedOver)
    throw new MigrationError(
      `The database "${options.database}" has later migrations than ${passedOver.tag}, and lacks that one: a version of another line was here. Nothing was changed. Use that version, or one that has the migrations of both.`,
    );
  await client.query(`set lock_timeout = ${lockTimeoutMs}`);
  for (const migration of pending) await apply(client, migration, options);
  return { isAhead: done.size > known.length - pending.length };
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const text = await readFile(join(folder, "meta", "_journal.json"), "utf8");
  const { entries } = journal.parse(JSON.parse(text));
  const files = new Map(
    readMigrationFiles({ migrationsFolder: folder }).map((one) => [one.folderMillis, one]),
  );
  return entries.map(({ tag, when }) => {
    const { hash = "", sql = [] } = files.get(when) ?? {};
    return { tag, when, hash, statements: sql };
  });
}

async function readApplied(client: pg.Client): Promise<Set<number>> {
  await client.query("create schema if not exists drizzle");
  await client.query(
    `create table if not exists ${applied} (id serial primary key, hash text not null, created_at bigint)`,
  );
  const { rows } = await client.query<{ created_at: string }>(`select created_at from ${applied}`);
  return new Set(rows.map((row) => Number(row.created_at)));
}

async function apply(
  client: pg.Client,
  migration: Migration,
  options: { database: string; patienceMs?: number },
): Promise<void> {
  const what = `The migration ${migration.tag} of the database "${options.database}"`;
  const patience = options.patienceMs ?? patienceMs;
  const left = isPartial(migration)
    ? "What was begun is made anew by the next run"
    : "Nothing of it was kept";
  const tried = () =>
    run(client, migration, patience).then(
      () => true,
      (error) => {
        if (isLockTimeout(error)) return false;
        throw new MigrationError(
          `${what} failed: ${error.message}. ${left}, and the version before it runs as before. Mend what is said, then run bin/berth start again.`,
          { cause: error },
        );
      },
    );
  const wait = { what, deadlineMs: patience, everyMs: pauseMs };
  await until(tried, wait).catch((error) => {
    if (!(error instanceof DeadlineError)) throw error;
    throw new MigrationError(
      `${what} could not ${isPartial(migration) ? "end" : "begin"}: something works in the tables that it changes, and did not end in time. ${left}. See pg_stat_activity for who that is; when it has ended, run bin/berth start again.`,
    );
  });
}

async function run(client: pg.Client, migration: Migration, patience: number): Promise<void> {
  const { statements, hash, when } = migration;
  const work = async () => {
    for (const statement of statements) {
      // It waits for every transaction that is older, and nobody waits behind it.
      await client.query(`set lock_timeout = ${isConcurrent(statement) ? patience : lockTimeoutMs}`);
      await client.query(statement);
    }
    await client.query(`insert into ${applied} (hash, created_at) values ($1, $2)`, [hash, when]);
  };
  if (isPartial(migration)) return work();
  await client.query("begin");
  try {
    await work();
    await client.query("commit");
  } catch (error) {
    // A connection that is gone has taken it back already.
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
}

/** Whether it runs without a transaction, and so may leave a part of it behind. */
function isPartial({ statements }: Migration): boolean {
  return statements.some(isConcurrent);
}

/** PostgreSQL takes these in no transaction. */
function isConcurrent(statement: string): boolean {
  return /^\s*(create (unique )?|drop |re)index concurrently\b/im.test(statement);
}

/** Whether an error says that a lock could not be had in time. */
function isLockTimeout(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === "55P03";
}
