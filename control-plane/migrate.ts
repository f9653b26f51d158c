import { fileURLToPath } from "node:url";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import pg from "pg";
import { connection, type DatabaseLogin } from "./database.ts";
import { migrateQueue } from "./instance/queue.ts";
import { readLogin } from "./login.ts";
import type { Settings } from "./settings.ts";

/** Any number that nothing else in these databases locks. */
const migrationLock = 7_316_200;

/** The owners of the services' databases. */
export interface Owners {
  auth: DatabaseLogin;
  tenant: DatabaseLogin;
  instance: DatabaseLogin;
}

/** Brings the tables of all services to this version, as their owners. Safe to run again, and by two at once. */
export async function migrateAll(settings: Settings): Promise<void> {
  await migrateOwned({
    auth: await readLogin(settings, "auth_owner", "auth"),
    tenant: await readLogin(settings, "tenant_owner", "tenant"),
    instance: await readLogin(settings, "instance_owner", "instance"),
  });
}

/** As {@link migrateAll}, with the logins given. */
export async function migrateOwned(owners: Owners): Promise<void> {
  await locked(owners.auth, (client) => apply(client, "user"));
  await locked(owners.tenant, (client) => apply(client, "tenant"));
  await locked(owners.instance, async (client) => {
    await apply(client, "instance");
    await migrateQueue(owners.instance, client);
  });
}

async function apply(client: pg.Client, service: string): Promise<void> {
  const migrationsFolder = fileURLToPath(new URL(`${service}/migrations`, import.meta.url));
  await migrate(drizzle(client), { migrationsFolder });
}

async function locked(owner: DatabaseLogin, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client(connection(owner, "berth migrate"));
  await client.connect();
  try {
    // Held by the session: it goes with the connection, however this ends.
    await client.query("select pg_advisory_lock($1)", [migrationLock]);
    await work(client);
  } finally {
    await client.end();
  }
}
