import pg from "pg";
import { Failure, reason } from "./failure.ts";
import { passwordFor } from "./pgpass.ts";

/** A server and login of the settings, without password. */
export interface Server {
  url: string;
  passFile: string | undefined;
}

/** SQLSTATEs that callers tell apart. */
export const noSuchDatabase = "3D000";
export const closedDatabase = "55000";
export const undefinedTable = "42P01";
/** COPY from what is no table. */
export const noTable = "42809";
/** COPY of a column that is not there. */
export const undefinedColumn = "42703";

/**
 * Runs `work` on a connection of its own, to `database` or the URL's. One connection per call: an attached
 * provider outlives restarts of the server, and a pool would hand out dead ones. Names need their schema.
 * @param as whom to log in as, instead of the URL's login: what touches a tenant's tables does so as the tenant
 */
export async function withClient<T>(
  server: Server,
  database: string | undefined,
  work: (client: pg.Client) => Promise<T>,
  as?: { user: string; password: string },
): Promise<T> {
  const client = await connect(server, database, as);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** `work` in a transaction: all of it, or none. */
export async function inTransaction<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  await client.query("BEGIN");
  try {
    const result = await work();
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

/** The SQLSTATE of a driver's error, or of the one it was made from. */
export function sqlState(error: unknown): string | undefined {
  if (error instanceof pg.DatabaseError) return error.code;
  return error instanceof Error && error.cause !== undefined ? sqlState(error.cause) : undefined;
}

export const quote = pg.escapeIdentifier;

async function connect(
  server: Server,
  database: string | undefined,
  as: { user: string; password: string } | undefined,
): Promise<pg.Client> {
  const url = new URL(server.url);
  const login = {
    host: url.hostname,
    port: url.port || "5432",
    database: database ?? url.pathname.slice(1),
    user: as?.user ?? decodeURIComponent(url.username),
  };
  const client = new pg.Client({
    ...login,
    port: Number(login.port),
    password: as?.password ?? (await passwordFor(server.passFile, login)) ?? "",
    // A tenant sets what it likes for its own database, and has schemas of its own: none of it counts here.
    options: "-c search_path=pg_catalog -c restrict_nonsystem_relation_kind=view,foreign-table",
    connectionTimeoutMillis: 5_000,
    statement_timeout: 60_000,
    // A name in PGAPPNAME goes before it: by that a dead worker's sessions are found.
    fallback_application_name: "berth-provider",
  });
  // A connection lost between two queries is told by the next query.
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (cause) {
    const where = `${login.host}:${login.port}, database "${login.database}", user "${login.user}"`;
    throw new Failure(`PostgreSQL refused the connection (${where}): ${reason(cause)}.`, { cause });
  }
  return client;
}
