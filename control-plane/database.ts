import { type SQL, type SQLWrapper, sql } from "drizzle-orm";
import { drizzle, type NodePgDatabase, type NodePgQueryResultHKT } from "drizzle-orm/node-postgres";
import type { PgDatabase } from "drizzle-orm/pg-core";
import pg from "pg";
import { everything, type Scope } from "./access/scope.ts";
import { BerthError } from "./errors.ts";
import { withoutIds } from "./observability/ids.ts";
import type { Logger } from "./observability/log.ts";
import { createPipeline, type Pipeline } from "./pipeline.ts";

/** A database or a transaction in it: what verbs are given. */
export type Queries = PgDatabase<NodePgQueryResultHKT, Record<string, never>>;

/** Where a login's database is: `postgres://user@host:port/database`, and its password apart. */
export interface DatabaseLogin {
  url: string;
  password: string;
  /** Where the server has its Unix socket, if it can be reached that way: a statement costs a tenth less. */
  socketFolder?: string | undefined;
}

export interface Database {
  /** Sees everything. */
  db: NodePgDatabase;
  /** Sees what belongs to a scope, and nothing else: row security holds it. */
  within(scope: Scope): Queries;
  /** Milliseconds one round trip takes; throws `database_unavailable`. */
  ping(): Promise<number>;
  close(): Promise<void>;
}

/**
 * Opens a pool of connections. Nothing is connected until the first query, so a database that is
 * away at start is an error of that query and not of the program.
 */
export function openDatabase(options: {
  login: DatabaseLogin;
  /** Shown in pg_stat_activity. */
  name: string;
  log: Logger;
  max?: number;
}): Database {
  const config = connection(options.login, options.name);
  const whole = openPools(options, config);
  const scoped = openPools(options, { ...config, options: undefined });
  const { pool } = whole;
  const db = drizzle(asClient(whole, asItIs)) as unknown as NodePgDatabase;
  // Drizzle's own keeps the connection for ever when BEGIN fails, and gives a broken one back as if it were whole.
  db.transaction = (work, config) =>
    onOneConnection(pool, asItIs, (client) => drizzle(client).transaction(work, config));
  return {
    db,
    within: remembering((scope) => scopedDatabase(scoped, scope)),
    async ping() {
      const from = performance.now();
      await pool.query("select 1").catch((error) => {
        throw databaseUnavailable(error);
      });
      return performance.now() - from;
    },
    async close() {
      await Promise.all([whole.close(), scoped.close()]);
    },
  };
}

/** Ways to run a statement: alone on a connection, or, if it is short and frequent, beside others on one. */
interface Pools {
  pool: pg.Pool;
  pipeline: Pipeline;
  close(): Promise<void>;
}

function openPools(options: { log: Logger; max?: number }, config: pg.ClientConfig): Pools {
  const pool = openPool(options, config);
  const shared = openPool({ ...options, max: 2 }, { ...config, ...pipelined });
  const pipeline = createPipeline(shared, isDatabaseAway);
  return {
    pool,
    pipeline,
    async close() {
      await Promise.all([pool.end(), shared.end()]);
      pipeline.close();
    },
  };
}

/** Whoever is behind a statement that does not end waits for it, so none may take long; the pipeline ends what is silent. */
const pipelined: pg.ClientConfig = { pipeline: true, statement_timeout: 5_000, query_timeout: 0 };

function openPool({ log, max }: { log: Logger; max?: number }, config: pg.ClientConfig): pg.Pool {
  const pool = new pg.Pool({
    max: max ?? 10,
    idleTimeoutMillis: 60_000,
    statement_timeout: 30_000,
    query_timeout: 35_000,
    idle_in_transaction_session_timeout: 60_000,
    ...config,
  });
  // A connection that breaks is no crash, neither an idle one nor one between two queries of a
  // transaction: the next query fails or opens another one.
  // It is opened in the midst of a request, and breaks in none.
  pool.on("error", (error) =>
    withoutIds(() => log.warn({ err: error }, "an idle database connection broke")),
  );
  pool.on("connect", (client) =>
    client.on("error", (error) => withoutIds(() => log.debug({ err: error }, "a database connection broke"))),
  );
  return pool;
}

/** Makes a connection fit for what is asked of it next. */
type Prepare = (client: pg.PoolClient) => Promise<void>;

/**
 * What drizzle takes for a connection. A statement with a name is one that was made to be short and frequent; it enters its
 * scope by itself (scoped-statement.ts), or sees nothing.
 */
function asClient({ pool, pipeline }: Pools, prepare: Prepare): pg.PoolClient {
  const query = (...args: [pg.QueryConfig]) =>
    args[0].name
      ? pipeline.run((client) => client.query(...args))
      : onOneConnection(pool, prepare, (client) => client.query(...args));
  return { query } as unknown as pg.PoolClient;
}

async function asItIs(): Promise<void> {}

/** The scope that each connection is in; one that was not told yet sees nothing. */
const scopes = new WeakMap<pg.PoolClient, string>();

function nameOf({ organizations, tenant }: Scope): string {
  return `${organizations}/${tenant}`;
}

/** Tells a connection its scope, unless it was the same the last time: most requests are of few organisations. */
function entering({ organizations, tenant }: Scope): Prepare {
  const wanted = nameOf({ organizations, tenant });
  return async (client) => {
    if (scopes.get(client) === wanted) return;
    scopes.delete(client);
    await client.query({
      name: "enter_scope",
      text: "select set_config('berth.organizations', $1, false), set_config('berth.tenant', $2, false)",
      values: [organizations, tenant],
    });
    scopes.set(client, wanted);
  };
}

/** How many scopes' ways to see a database are kept. */
const scopesKept = 1_000;

/** What was made for a scope is of use to the next request from it. */
function remembering(make: (scope: Scope) => Queries): (scope: Scope) => Queries {
  const kept = new Map<string, Queries>();
  return (scope) => {
    const key = nameOf(scope);
    const made = kept.get(key) ?? make(scope);
    if (kept.size >= scopesKept) kept.clear();
    kept.set(key, made);
    return made;
  };
}

/** Every query and every transaction runs on a connection that is in the scope. */
function scopedDatabase(pools: Pools, scope: Scope): Queries {
  const enter = entering(scope);
  const db = drizzle(asClient(pools, enter));
  db.transaction = (work, config) =>
    onOneConnection(pools.pool, enter, (client) => drizzle(client).transaction(work, config));
  return db;
}

/** Lends one of the pool's connections; one that broke, or may hold an open transaction, is closed and not given back. */
async function onOneConnection<T>(
  pool: pg.Pool,
  prepare: Prepare,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let broken: boolean | undefined;
  try {
    await prepare(client);
    return await work(client);
  } catch (error) {
    broken = isDatabaseAway(error);
    throw error;
  } finally {
    client.release(broken);
  }
}

/**
 * `column in (query)` for a query with a limit that locks rows. As a plain subquery PostgreSQL may run it once for each
 * row that it looks at, locking others each time; an array is made once.
 */
export function inOnce(column: SQLWrapper, query: SQLWrapper): SQL {
  return sql`${column} = any(array${query})`;
}

/** Client settings for one login. What connects by them works for all organisations. */
export function connection(login: DatabaseLogin, name: string): pg.ClientConfig {
  const url = new URL(login.url);
  // Not as `connectionString`: the empty password of a URL would win over the one given apart.
  return {
    // An IPv6 address has brackets in a URL.
    host: login.socketFolder ?? url.hostname.replace(/^\[(.+)\]$/, "$1"),
    port: Number(url.port || "5432"),
    user: decodeURIComponent(url.username),
    database: url.pathname.slice(1),
    password: login.password,
    application_name: name,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    options: `-c berth.organizations=${everything.organizations}`,
  };
}

/** Runs `work` on a connection of its own, which ends with it; so does a transaction that was left open. */
export async function withClient<T>(
  login: DatabaseLogin,
  name: string,
  work: (client: pg.Client) => Promise<T>,
  queryTimeoutMs = 60_000,
): Promise<T> {
  const client = new pg.Client({ ...connection(login, name), query_timeout: queryTimeoutMs });
  // A connection lost between two queries is told by the next query.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

const socketErrors = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "ETIMEDOUT",
  "EPIPE",
  "EHOSTUNREACH",
]);
const clientErrors =
  /Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error/;

/** Whether an error says that PostgreSQL is away, rather than that it refused something. */
export function isDatabaseAway(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
    // Its socket is there as long as the server.
    if (code === "ENOENT" && "syscall" in cause && cause.syscall === "connect") return true;
    // 08: connection; 57P01-57P05: shutting down, starting, gone; 53300: no connection left.
    if (socketErrors.has(code) || /^(08|57P0|53300)/.test(code) || clientErrors.test(cause.message))
      return true;
    if (cause instanceof AggregateError && cause.errors.some(isDatabaseAway)) return true;
  }
  return false;
}

/** Whether PostgreSQL refused a write because there is no room for it. It answers, and reads go on. */
export function isDatabaseFull(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if ("code" in cause && cause.code === "53100") return true;
  return false;
}

export function databaseFull(cause: unknown): BerthError {
  return new BerthError(
    "database_unavailable",
    "PostgreSQL's disk is full. Nothing was changed; try again once whoever runs Berth has made room.",
    { headers: { "Retry-After": "60" }, cause },
  );
}

export function databaseUnavailable(cause: unknown): BerthError {
  return new BerthError(
    "database_unavailable",
    "PostgreSQL does not answer. Nothing was changed; try again in a few seconds.",
    { headers: { "Retry-After": "2" }, cause },
  );
}

/** Name of the unique index or constraint that refused a write; `undefined` for any other error. */
export function violatedUnique(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof pg.DatabaseError && cause.code === "23505") return cause.constraint ?? "";
  }
  return undefined;
}
