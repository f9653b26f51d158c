import { eq, sql } from "drizzle-orm";
import { pgTable, text } from "drizzle-orm/pg-core";
import { afterEach, beforeAll, beforeEach, expect, inject, test } from "vitest";
import { isDatabaseAway, openDatabase, type Queries } from "../../control-plane/database.ts";
import { onceEntered, scopeFirst } from "../../control-plane/scoped-statement.ts";
import { until } from "../../control-plane/until.ts";
import { connectServer } from "../support/postgres.ts";
import { captureLog } from "./support.ts";

const server = connectServer(inject("postgres"));
const application = "piped";
let database: ReturnType<typeof openDatabase>;

const owned = pgTable("t_piped", { id: text("id").primaryKey(), owner: text("owner").notNull() });
const other = pgTable("t_piped_other", { id: text("id").primaryKey() });
const reader = "t_piped_reader";
const owners = Array.from({ length: 20 }, (_, i) => `org_${i}`);
const within = (owner: string) => database.within({ organizations: owner, tenant: "" });

/** Reads by a prepared statement: those go through the pipeline. */
const readers = new WeakMap<Queries, ReturnType<typeof prepareRead>>();
const prepareRead = (db: Queries) => {
  const found = db
    .select()
    .from(owned)
    .where(eq(owned.id, onceEntered(sql.placeholder("id"))))
    .limit(1)
    .as("found");
  return db.select().from(scopeFirst).crossJoinLateral(found).prepare("t_piped_read");
};
const read = async (owner: string, id: string) => {
  const db = within(owner);
  const known = readers.get(db) ?? prepareRead(db);
  readers.set(db, known);
  const rows = await known.execute({ organizations: owner, tenant: "", id });
  return rows.map((row) => row.found);
};

const sessions = () =>
  server.sql<{ pid: number; state: string }>(
    "select pid, state from pg_stat_activity where application_name = $1 order by pid",
    [application],
  );

const pids = async () => (await sessions()).map(({ pid }) => pid);

/** Does work while nobody else can read the table. */
async function whileLocked<T>(work: () => Promise<T>): Promise<T> {
  const holder = openDatabase({
    login: server.login("postgres", "postgres"),
    name: "holder",
    log: captureLog().log,
  });
  try {
    return await holder.db.transaction(async (tx) => {
      await tx.execute("lock table t_piped in access exclusive mode");
      return await work();
    });
  } finally {
    await holder.close();
  }
}

const untilOneWaits = () =>
  until(async () => (await sessions()).some(({ state }) => state === "active"), {
    what: "a read to wait for the lock",
    deadlineMs: 4_000,
    everyMs: 10,
  });

beforeAll(async () => {
  await server.sql(`create role ${reader} login password '${server.password}'`);
  await server.sql("create table t_piped (id text primary key, owner text not null)");
  await server.sql("insert into t_piped select 'of ' || o, o from unnest($1::text[]) o", [owners]);
  await server.sql("alter table t_piped enable row level security");
  await server.sql(
    "create policy own on t_piped using (owner = current_setting('berth.organizations', true))",
  );
  await server.sql("create table t_piped_other (id text primary key)");
  await server.sql("insert into t_piped_other values ('of all')");
  await server.sql(`grant select on t_piped, t_piped_other to ${reader}`);
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

test("one that enters no scope sees nothing, whatever the one before it has entered", async () => {
  const plain = within("org_1").select().from(owned).prepare("t_piped_plain");
  const [one, none, two] = await Promise.all([
    read("org_1", "of org_1"),
    plain.execute(),
    read("org_1", "of org_1"),
  ]);
  expect([one.length, none.length, two.length]).toEqual([1, 0, 1]);
  expect(await sessions()).toHaveLength(1);
});

test("one that fails fails alone", async () => {
  const bad = database
    .within({ organizations: "org_1", tenant: "" })
    .select({ n: sql`1 / (${sql.placeholder("by")}::int)` })
    .from(other)
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
  const [before] = await pids();
  await whileLocked(async () => {
    const waiting = Promise.allSettled([read("org_1", "of org_1"), read("org_3", "of org_3")]);
    await untilOneWaits();
    await server.sql("select pg_terminate_backend($1)", [before]);
    for (const one of await waiting) {
      expect(one.status).toBe("rejected");
      expect(isDatabaseAway((one as PromiseRejectedResult).reason)).toBe(true);
    }
  });
  expect(await read("org_3", "of org_3")).toHaveLength(1);
  expect(await pids()).not.toContain(before);
});

// A read that is new to the connection waits while it is parsed, and those behind it are sent as if it had been.
test.each([
  ["that the connection knows", true],
  ["that is new to the connection", false],
])(
  "when a read %s waits too long it fails as when the database is away, and so do those like it; one of another table is answered, and the next ones get another connection",
  async (_which, isKnown) => {
    const readOther = within("org_1").select().from(other).prepare("t_piped_read_other");
    if (isKnown) await read("org_1", "of org_1");
    const ended: string[] = [];
    const noting = (what: string, asked: Promise<unknown>) => asked.finally(() => ended.push(what));
    let used: number[] = [];
    const [first, behind, ...others] = await whileLocked(async () => {
      const asked = Promise.allSettled([
        noting("first", read("org_1", "of org_1")),
        noting("behind", readOther.execute()),
        read("org_1", "of org_1"),
        read("org_2", "of org_2"),
      ]);
      await untilOneWaits();
      used = await pids();
      return asked;
    });
    expect(used).toHaveLength(1);
    expect(ended.toSorted()).toEqual(["behind", "first"]);
    expect(behind).toEqual({ status: "fulfilled", value: [{ id: "of all" }] });
    for (const one of [first, ...others]) {
      const { reason } = one as PromiseRejectedResult;
      expect(isDatabaseAway(reason), `${reason}`).toBe(true);
    }
    expect(await read("org_1", "of org_1")).toHaveLength(1);
    expect(await readOther.execute()).toHaveLength(1);
    await until(async () => !(await pids()).some((pid) => used.includes(pid)), {
      what: "the connection to be closed",
      deadlineMs: 5_000,
      everyMs: 10,
    });
  },
  20_000,
);

test("many that wait for one lock do not each wait for their own time", async () => {
  await read("org_1", "of org_1");
  const from = performance.now();
  const all = await whileLocked(() =>
    Promise.allSettled(Array.from({ length: 20 }, () => read("org_1", "of org_1"))),
  );
  expect(performance.now() - from).toBeLessThan(12_000);
  for (const one of all) expect(isDatabaseAway((one as PromiseRejectedResult).reason)).toBe(true);
  expect(await read("org_1", "of org_1")).toHaveLength(1);
}, 20_000);
