import { Client } from "pg";
import { isOwnServer } from "../../settings.ts";
import { containerNames } from "../applied.ts";
import type { PlatformArgs } from "../bring-up.ts";
import { ownDatabases } from "../databases.ts";
import { containers, ofEnvironment } from "../docker.ts";
import { createRun } from "../run.ts";
import { readText } from "./archive.ts";

/**
 * Looks for control plane databases that hold something, with the password of a backup: there is no other before it is
 * restored. Gives a sentence about what was found; undefined when nothing is in the way. Changes nothing.
 */
export async function lookAtDatabases(
  { settings, env }: Pick<PlatformArgs, "settings" | "env">,
  file: string,
): Promise<string | undefined> {
  const server = new URL(settings.platformDatabaseUrl);
  const own = isOwnServer(settings, server);
  if (own) {
    const run = createRun(env);
    const [name = ""] = containerNames(settings);
    const [container] = await containers(run, [name]);
    if (!container?.running) {
      const volume = `berth-${settings.env}-postgres-data`;
      const there = (await ofEnvironment(run, "volume", settings.env)).includes(volume);
      return there
        ? `PostgreSQL does not run, but its volume ${volume} is there, with databases in it.`
        : undefined;
    }
  }
  const secret = own ? "postgres-password" : "provisioner-password";
  const password = (await readText(env, file, `data/secrets/${secret}`)).trim();
  const connect = async (database: string) => {
    const client = new Client({
      host: server.hostname,
      port: Number(server.port || "5432"),
      user: own ? "postgres" : decodeURIComponent(server.username),
      password,
      database,
      connectionTimeoutMillis: 10_000,
    });
    client.on("error", () => undefined);
    await client.connect().catch((cause: Error) => {
      throw new Error(
        `PostgreSQL at ${server.host} does not let the backup's login in: ${cause.message}. Is it the server that the backup is of? Nothing was changed.`,
        { cause },
      );
    });
    return client;
  };
  const full: string[] = [];
  for (const { name } of await databasesThere(connect))
    if (await holdsSomething(connect, name)) full.push(name);
  if (full.length === 0) return undefined;
  return `PostgreSQL at ${server.host} still has databases of the control plane (${full.join(", ")}).`;
}

type Connect = (database: string) => Promise<Client>;

async function databasesThere(connect: Connect): Promise<Array<{ name: string }>> {
  const client = await connect("postgres");
  try {
    const names = ownDatabases.map(({ name }) => name);
    const found = await client.query<{ name: string }>(
      "select datname as name from pg_database where datname = any($1) order by 1",
      [names],
    );
    return found.rows;
  } finally {
    await client.end();
  }
}

async function holdsSomething(connect: Connect, database: string): Promise<boolean> {
  const client = await connect(database);
  try {
    return await hasContent(client);
  } finally {
    await client.end();
  }
}

/** Whether a database of ours has been used: tables alone are made ahead. */
export async function hasContent(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ migrated: boolean; state: boolean }>(
    `select to_regclass('drizzle.__drizzle_migrations') is not null as migrated,
       to_regclass('public.pulumi_state') is not null as state`,
  );
  if (rows[0]?.migrated) return true;
  return (
    rows[0]?.state === true && ((await client.query("select from pulumi_state limit 1")).rowCount ?? 0) > 0
  );
}
