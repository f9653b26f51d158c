import type { Client } from "pg";
import type { Settings } from "../../settings.ts";
import { until } from "../../until.ts";
import { openOnServer, ownDatabases } from "../databases.ts";

/** One moment of all the control plane's databases, kept for as long as it is read. */
export interface Cut {
  at: Date;
  /** By database: what pg_dump takes as its snapshot, and a connection that sees that moment. */
  sights: Map<string, { snapshot: string; client: Client }>;
}

/** Milliseconds that writers may be held up by one try, and for how long it is tried. */
const patienceMs = 2_000;
const deadlineMs = 120_000;

/**
 * Runs `work` on one moment of all databases: no transaction is in one and not yet in another that came before it. For
 * as long as it takes to lock every table nobody writes, and what writes already is waited for; reading goes on.
 */
export async function cutDatabases<T>(settings: Settings, work: (cut: Cut) => Promise<T>): Promise<T> {
  const clients: Client[] = [];
  const connect = async (database: string) => {
    const client = await openOnServer(settings, new URL(settings.platformDatabaseUrl), database);
    clients.push(client);
    return client;
  };
  try {
    const writers = new Map<string, Client>();
    const sights: Cut["sights"] = new Map();
    for (const { name } of ownDatabases) {
      writers.set(name, await connect(name));
      const client = await connect(name);
      await client.query("set idle_in_transaction_session_timeout = 0; set statement_timeout = 0");
      sights.set(name, { client, snapshot: "" });
    }
    const held = async () => {
      for (const client of writers.values()) if (!(await lockTables(client))) return false;
      return true;
    };
    // Two who hold what the other waits for are in different databases, so no server sees it: the patience ends it.
    await until(
      async () => {
        if (await held()) return true;
        await letGo(writers);
        return false;
      },
      {
        what: "a moment at which nobody writes into the control plane's databases",
        deadlineMs,
        everyMs: 500,
      },
    );
    const at = new Date();
    for (const sight of sights.values()) {
      await sight.client.query("begin isolation level repeatable read read only");
      const { rows } = await sight.client.query<{ id: string }>("select pg_export_snapshot() as id");
      sight.snapshot = rows[0]?.id ?? "";
    }
    await letGo(writers);
    return await work({ at, sights });
  } finally {
    // Ends what is open in them, too.
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
  }
}

/** Keeps everybody from writing; false when somebody wrote for longer than the patience. */
async function lockTables(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ names: string | null }>(
    `select string_agg(format('%I.%I', n.nspname, c.relname), ', ' order by c.oid) as names
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and c.relpersistence <> 't' and not c.relispartition
       and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`,
  );
  await client.query("begin");
  await client.query(`set local lock_timeout = ${patienceMs}`);
  const names = rows[0]?.names;
  if (!names) return true;
  try {
    await client.query(`lock table ${names} in share mode`);
    return true;
  } catch (error) {
    // 55P03: not in time. 40P01: somebody else waits for us.
    if (["55P03", "40P01"].includes((error as { code?: string }).code ?? "")) return false;
    throw error;
  }
}

async function letGo(writers: Map<string, Client>): Promise<void> {
  for (const client of writers.values()) await client.query("rollback");
}
