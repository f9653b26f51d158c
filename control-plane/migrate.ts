import { fileURLToPath } from "node:url";
import pg from "pg";
import { applyMigrations, MigrationError } from "./apply-migrations.ts";
import { connection, type DatabaseLogin } from "./database.ts";
import { migrateQueue } from "./instance/queue.ts";
import { readLogin } from "./login.ts";
import type { Settings } from "./settings.ts";
import { DeadlineError, until } from "./until.ts";

/** Any number that nothing else in these databases locks. */
const migrationLock = 7_316_200;
/** Milliseconds that another one that migrates is waited for. */
const patienceMs = 300_000;

/** The owners of the services' databases. */
export interface Owners {
  auth: DatabaseLogin;
  tenant: DatabaseLogin;
  instance: DatabaseLogin;
}

/**
 * Brings the tables of all services to this version, as their owners. Safe to run again, by two at once, and after it was
 * ended at any point. Throws a sentence that says what to do.
 * @returns names of databases that a newer version has migrated: nothing was changed in them
 */
export async function migrateAll(settings: Settings): Promise<string[]> {
  return migrateOwned({
    auth: await readLogin(settings, "auth_owner", "auth"),
    tenant: await readLogin(settings, "tenant_owner", "tenant"),
    instance: await readLogin(settings, "instance_owner", "instance"),
  });
}

/** As {@link migrateAll}, with the logins given. */
export async function migrateOwned(owners: Owners): Promise<string[]> {
  const ahead = [
    await locked(owners.auth, (client, database) => apply(client, database, "user")),
    await locked(owners.tenant, (client, database) => apply(client, database, "tenant")),
    await locked(owners.instance, async (client, database) => {
      const found = await apply(client, database, "instance");
      await migrateQueue(owners.instance, client);
      return found;
    }),
  ];
  return ahead.flat();
}

async function apply(client: pg.Client, database: string, service: string): Promise<string[]> {
  const folder = fileURLToPath(new URL(`${service}/migrations`, import.meta.url));
  const { isAhead } = await applyMigrations(client, { folder, database });
  return isAhead ? [database] : [];
}

async function locked<T>(
  owner: DatabaseLogin,
  work: (client: pg.Client, database: string) => Promise<T>,
): Promise<T> {
  const config = connection(owner, "berth migrate");
  const database = `${config.database}`;
  const client = new pg.Client(config);
  // A connection that is lost between two statements is told by the next one.
  client.on("error", () => undefined);
  try {
    await client.connect();
    await lock(client, database);
    return await work(client, database);
  } catch (error) {
    if (error instanceof MigrationError) throw error;
    const said = error instanceof Error ? error.message : String(error);
    throw new MigrationError(
      `The migrations of the database "${database}" did not run to their end: ${said}. Mend what is said, then run bin/berth start again: it goes on from there.`,
      { cause: error },
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Lets nobody migrate beside this connection. The lock is the session's: it goes with it, however this ends. */
async function lock(client: pg.Client, database: string): Promise<void> {
  // Else a statement that waits keeps what it holds when whoever sent it is dead.
  await client.query("set client_connection_check_interval = '1s'");
  // Asked again and again: an index that is made concurrently waits for every statement, one that waits for this lock too.
  const isMine = async () => {
    const { rows } = await client.query<{ mine: boolean }>("select pg_try_advisory_lock($1) as mine", [
      migrationLock,
    ]);
    return rows[0]?.mine;
  };
  const wait = { what: "another run that migrates", deadlineMs: patienceMs, everyMs: 100 };
  await until(isMine, wait).catch((error) => {
    if (!(error instanceof DeadlineError)) throw error;
    throw new MigrationError(
      `Another run has been migrating the database "${database}" for five minutes. Wait for it, or end it: its connection is called "berth migrate" in pg_stat_activity.`,
      { cause: error },
    );
  });
}
