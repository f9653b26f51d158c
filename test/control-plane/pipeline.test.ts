import { eq, sql } from "drizzle-orm";
import { pgTable, text } from "drizzle-orm/pg-core";
import { afterEach, beforeAll, beforeEach, expect, inject, test } from "vitest";
import { isDatabaseAway, openDatabase, type Queries } from "../../control-plane/database.ts";
import { until } from "../../control-plane/until.ts";
import { connectServer } from "../support/postgres.ts";
import { captureLog } from "./support.ts";

const server = connectServer(inject("postgres"));
const application = "piped";
let database: ReturnType<typeof openDatabase>;

const owned = pgTable("t_piped", { id: text("id").primaryKey(), owner: text("owner").notNull() });
const reader = "t_piped_reader";
const owners = Array.from({ length: 20 }, (_, i) => `org_${i}`);
const within = (owner: string) => database.within({ organizations: owner, tenant: "" });

/** Reads by a prepared statement: those go through the pipeline. */
const readers = new WeakMap<Queries, ReturnType<typeof prepareRead>>();
const prepareRead = (db: Queries) =>
  db
    .select()
    .from(owned)
    .where(eq(owned.id, sql.placeholder("id")))
    .prepare("t_piped_read");
const read = (owner: string, id: string) => {
  const db = within(owner);
  const known = readers.get(db) ?? prepareRead(db);
  readers.set(db, known);
  return known.execute({ id });
};

const sessions = () =>
  server.sql<{ pid: number; state: string }>(
    "select pid, state from pg_stat_activity where application_name = $1 order by pid",
    [application],
  );

beforeAll(async () => {
  await server.sql(`create role ${reader} login password '${server.password}'`);
  await server.sql("create table t_piped (id text primary key, owner text not null)");
  await server.sql("insert into t_piped select 'of ' || o, o from unnest($1::text[]) o", [owners]);
  await server.sql("alter table t_piped enable row level security");
  await server.sql(
    "create policy own on t_piped using (owner = current_setting('berth.organizations', true))",
  );
  await server.sql(`grant select on t_piped to ${reader}`);
});
beforeEach(() => {
  database = openDatabase({
    login: server.login(reader, "postgres"),
    name: application,
    log: captureLog().log,
  });
});
afterEach(() => database.close());

test("many at once from many scopes share one connection, and each sees its own and nothing else", async () => {
  const asked = Array.from({ length: 600 }, (_, i) => {
    const owner = owners[(i * 7) % owners.length] ?? "";
    const about = owners[(i * 11) % owners.length] ?? "";
    return { owner, about };
  });
  const found = await Promise.all(asked.map(({ owner, about }) => read(owner, `of ${about}`)));
  expect(found.map((rows) => rows.map((row) => row.owner))).toEqual(
    asked.map(({ owner, about }) => (owner === about ? [owner] : [])),
  );
  expect(await sessions()).toHaveLength(1);
});

test("what is asked in a scope that cannot be entered gets no answer in the one before", async () => {
  expect(await read("org_1", "of org_1")).toHaveLength(1);
  // A byte that PostgreSQL takes in no text: the scope is refused, and the connection is still in org_1's.
  const [refused, behind] = await Promise.allSettled([
    read("org_2\0", "of org_1"),
    read("org_2\0", "of org_1"),
  ]);
  expect([refused.status, behind.status]).toEqual(["rejected", "rejected"]);
  expect(await read("org_2", "of org_1")).toEqual([]);
  expect(await read("org_1", "of org_1")).toHaveLength(1);
});

test("one that fails fails alone", async () => {
  const bad = database
    .within({ organizations: "org_1", tenant: "" })
    .select({ n: sql`1 / (${sql.placeholder("by")}::int)` })
    .from(owned)
    .prepare("t_piped_divide");
  const results = await Promise.allSettled([
    read("org_1", "of org_1"),
    bad.execute({ by: 0 }),
    read("org_1", "of org_1"),
    bad.execute({ by: 1 }),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
  expect(isDatabaseAway((results[1] as PromiseRejectedResult).reason)).toBe(false);
});

test("when the connection is cut all that wait on it are told so, and the next ones get another", async () => {
  await read("org_1", "of org_1");
  const [before] = await sessions();
  const holder = openDatabase({
    login: server.login("postgres", "postgres"),
    name: "holder",
    log: captureLog().log,
  });
  await holder.db.transaction(async (tx) => {
    await tx.execute("lock table t_piped in access exclusive mode");
    const waiting = Promise.allSettled([read("org_1", "of org_1"), read("org_3", "of org_3")]);
    await until(async () => (await sessions()).some(({ state }) => state === "active"), {
      what: "a read to wait for the lock",
      deadlineMs: 5_000,
      everyMs: 10,
    });
    await server.sql("select pg_terminate_backend($1)", [before?.pid]);
    for (const one of await waiting) {
      expect(one.status).toBe("rejected");
      expect(isDatabaseAway((one as PromiseRejectedResult).reason)).toBe(true);
    }
  });
  await holder.close();
  expect(await read("org_3", "of org_3")).toHaveLength(1);
  expect((await sessions()).map(({ pid }) => pid)).not.toContain(before?.pid);
});

test("one that waits too long is ended, and those behind it are answered", async () => {
  await read("org_1", "of org_1");
  const holder = openDatabase({
    login: server.login("postgres", "postgres"),
    name: "holder",
    log: captureLog().log,
  });
  const waiting = holder.db.transaction(async (tx) => {
    await tx.execute("lock table t_piped in access exclusive mode");
    return Promise.allSettled([read("org_1", "of org_1")]);
  });
  const [late] = await waiting;
  expect(late?.status).toBe("rejected");
  await holder.close();
  expect(await read("org_1", "of org_1")).toHaveLength(1);
}, 20_000);
