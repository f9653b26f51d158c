import { readFileSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { applyMigrations } from "../../control-plane/apply-migrations.ts";
import { withClient } from "../../control-plane/database.ts";
import { migrateQueue } from "../../control-plane/instance/queue.ts";
import { projectRoot } from "../../control-plane/paths.ts";
import type { ServiceName } from "../../control-plane/service-names.ts";
import type { ServiceDatabase, TestServer } from "../support/postgres.ts";

export const databaseOf = { user: "auth", tenant: "tenant", instance: "instance" } as const;

const migrationsOf = (service: ServiceName) => join(projectRoot, "control-plane", service, "migrations");

interface Journal {
  entries: Array<{ tag: string; when: number }>;
}
const journalOf = (folder: string): Journal =>
  JSON.parse(readFileSync(join(folder, "meta", "_journal.json"), "utf8"));

/** Every state that a service's database was released in: one for each migration, oldest first. */
export function statesOf(service: ServiceName): string[] {
  return journalOf(migrationsOf(service)).entries.map(({ tag }) => tag);
}

/** A service's migrations up to one of them, in a folder that is gone after `work`. */
export async function withMigrations<T>(
  service: ServiceName,
  last: string | undefined,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "berth-migrations-"));
  try {
    await cp(migrationsOf(service), folder, { recursive: true });
    const journal = journalOf(folder);
    const index = journal.entries.findIndex(({ tag }) => tag === last);
    await writeJournal(folder, { ...journal, entries: journal.entries.slice(0, index + 1) });
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Adds one more to a folder of migrations. */
export async function addMigration(
  folder: string,
  { tag, sql, when }: { tag: string; sql: string; when?: number },
): Promise<void> {
  await writeFile(join(folder, `${tag}.sql`), sql);
  const journal = journalOf(folder);
  const entry = { tag, when: when ?? (journal.entries.at(-1)?.when ?? 0) + 1, breakpoints: true };
  await writeJournal(folder, { ...journal, entries: [...journal.entries, entry] });
}

async function writeJournal(folder: string, journal: Journal): Promise<void> {
  await writeFile(join(folder, "meta", "_journal.json"), JSON.stringify(journal));
}

/** Brings a database to what a folder has, as its owner. */
export async function migrateBy(
  server: TestServer,
  service: ServiceName,
  name: string,
  folder: string,
): Promise<{ isAhead: boolean }> {
  const owner = server.login(`${databaseOf[service]}_owner`, name);
  return withClient(owner, "test", (client) => applyMigrations(client, { folder, database: name }));
}

/**
 * Makes a database for each state of a service, with data that grew as it would have: each state adds its own rows to those
 * of the states before. Throws when a state has none for what it brings.
 * @returns names by state
 */
export async function makeStates(
  server: TestServer,
  service: ServiceName,
  prefix: string,
): Promise<Map<string, string>> {
  const database: ServiceDatabase = databaseOf[service];
  const growing = `${prefix}_growing`;
  const made = new Map<string, string>();
  await server.sql(`create database ${growing} owner ${database}_owner`);
  let owed: Column[] = [];
  for (const [index, tag] of statesOf(service).entries()) {
    const before = await columnsOf(server, growing);
    await withMigrations(service, tag, (folder) => migrateBy(server, service, growing, folder));
    if (service === "instance" && index === 0) {
      const owner = server.login("instance_owner", growing);
      await withClient(owner, "test", (client) => migrateQueue(owner, client));
    }
    const known = new Set(before.map(({ name }) => name));
    const brought = (await columnsOf(server, growing)).filter(({ name }) => !known.has(name));
    owed = await load(server, { service, tag, growing, brought: [...owed, ...brought] });
    const name = `${prefix}_${index}`;
    await server.sql(`create database ${name} template ${growing} owner ${database}_owner`);
    made.set(tag, name);
  }
  await server.sql(`drop database ${growing} with (force)`);
  if (owed.length > 0) throw missing(service, statesOf(service).at(-1) ?? "", owed);
  return made;
}

interface Column {
  name: string;
  /** As SQL names it. */
  table: string;
  column: string;
}

/** Columns of a service's own tables. */
async function columnsOf(server: TestServer, database: string): Promise<Column[]> {
  return server.sql<Column & Record<string, unknown>>(
    `select concat_ws('.', n.nspname, c.relname, a.attname) as name,
       format('%I.%I', n.nspname, c.relname) as table, quote_ident(a.attname) as column
     from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
       and n.nspname not in ('pg_catalog', 'information_schema', 'drizzle', 'pgboss')
     order by 1`,
    [],
    database,
  );
}

/** What a file of rows says that only a later migration of the same release makes use of. */
const later = /^-- Nothing yet in (.+)\.$/gm;

/**
 * Puts a state's rows in, and looks whether there are any in what it brought.
 * @returns columns that a later state is to fill
 */
async function load(
  server: TestServer,
  state: { service: ServiceName; tag: string; growing: string; brought: Column[] },
): Promise<Column[]> {
  const rows = await readFile(join(projectRoot, fileOf(state.service, state.tag)), "utf8").catch(() => {
    throw missing(state.service, state.tag, state.brought);
  });
  const put = [...rows.matchAll(later)].flatMap(([, names = ""]) => names.split(", "));
  const values = ({ table, column }: Column) =>
    server.sql<{ value: string }>(
      `select distinct ${column}::text as value from ${table} where ${column} is not null`,
      [],
      state.growing,
    );
  const before = new Map<string, Set<string>>();
  for (const column of state.brought)
    before.set(column.name, new Set((await values(column)).map(({ value }) => value)));
  await server.sql(rows, [], state.growing);
  const owed: Column[] = [];
  for (const column of state.brought)
    if ((await values(column)).every(({ value }) => before.get(column.name)?.has(value))) owed.push(column);
  const empty = owed.filter(({ name }) => !put.includes(name));
  if (empty.length > 0) throw missing(state.service, state.tag, empty);
  return owed;
}

const fileOf = (service: ServiceName, tag: string) => `test/control-plane/states/${service}/${tag}.sql`;

function missing(service: ServiceName, tag: string, columns: Column[]): Error {
  const names = columns.map(({ name }) => name).join(", ") || "no columns: say so in a comment there";
  return new Error(
    `The migration ${tag} of the ${service} service has no data. Put rows into ${fileOf(service, tag)}, written for the tables as they are after it, with a value that the migration itself has not put there in each column that it brings: ${names}.`,
  );
}

/** All rows of the service's own tables, by table, in an order of their own. */
export async function rowsOf(
  server: TestServer,
  database: string,
): Promise<Map<string, Array<Record<string, unknown>>>> {
  const found = new Map<string, Array<Record<string, unknown>>>();
  const tables = new Set((await columnsOf(server, database)).map(({ table }) => table));
  for (const table of tables) {
    const rows = await server.sql<{ row: Record<string, unknown> }>(
      `select to_jsonb(t) as row from ${table} t order by t::text`,
      [],
      database,
    );
    found.set(
      table,
      rows.map(({ row }) => row),
    );
  }
  return found;
}
