import pg from "pg";
import { describe, expect, test } from "vitest";
import { connection } from "../../control-plane/database.ts";
import { withServices } from "./support.ts";

const t = withServices();
const refused = /permission denied/;

/** Runs a statement as one of the logins. */
async function as(user: string, database: string, text: string): Promise<unknown[]> {
  const client = new pg.Client(connection(t.databases.server.login(user, database), "test"));
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

const own: Record<string, "auth" | "tenant" | "instance"> = {
  auth_run: "auth",
  tenant_run: "tenant",
  instance_run: "instance",
  router: "instance",
};

describe("a login", () => {
  test.each(Object.keys(own))("reaches its own database and no other: %s", async (user) => {
    for (const [service, database] of Object.entries(t.databases.names)) {
      if (own[user] === service) await expect(as(user, database, "select 1")).resolves.toHaveLength(1);
      else await expect(as(user, database, "select 1")).rejects.toThrow(refused);
    }
  });

  test.each([
    ["tenant_run", "tenant"],
    ["instance_run", "instance"],
    ["auth_run", "auth"],
  ] as const)(
    "of a service adds to its audit and reads it, and changes nothing in it: %s",
    async (user, service) => {
      const database = t.databases.names[service];
      const columns = "(actor, action, target, request_id) values ('x', 'x', 'x', 'x')";
      await as(user, database, `insert into audit ${columns}`);
      expect((await as(user, database, "select * from audit")).length).toBeGreaterThan(0);
      for (const change of [
        "update audit set actor = 'y'",
        "delete from audit",
        "truncate audit",
        "drop table audit",
      ]) {
        await expect(as(user, database, change), change).rejects.toThrow(/permission denied|must be owner/);
      }
    },
  );

  test.each(["tenant_run", "instance_run", "auth_run", "router"])("changes no tables: %s", async (user) => {
    const database = t.databases.names[own[user] ?? "auth"];
    for (const change of [
      "create table mine (id int)",
      "create schema mine",
      "create function mine() returns int language sql as 'select 1'",
      "create extension hstore",
    ]) {
      await expect(as(user, database, change), change).rejects.toThrow(
        /permission denied|no schema has been selected/,
      );
    }
  });

  test("of the routes sees routes and nothing else", async () => {
    const database = t.databases.names.instance;
    await as("router", database, "insert into routing.hosts values ('a.localhost', 'ten_x', 'production')");
    await as(
      "router",
      database,
      "insert into routing.routers values ('ten_x', 'production', 'http://10.0.0.2:8069', '{a.localhost}')",
    );
    await as("router", database, "update routing.routers set target = 'http://10.0.0.3:8069'");
    expect(await as("instance_run", database, "select * from routing.routers")).toHaveLength(1);
    await expect(as("instance_run", database, "delete from routing.hosts")).rejects.toThrow(refused);
    await as("router", database, "delete from routing.hosts");
    const tables = await t.rows<{ name: string }>(
      "instance",
      "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'pgboss', 'drizzle')",
    );
    expect(tables.length).toBeGreaterThan(15);
    for (const { name } of tables) {
      await expect(as("router", database, `select from ${name}`), name).rejects.toThrow(refused);
    }
  });

  test("of the provisioner's database cannot rewrite what happened", async () => {
    const database = t.databases.names.instance;
    for (const change of [
      "delete from feed",
      "update feed set type = 'x'",
      "delete from stack_history",
      "delete from stacks",
      "delete from operations",
    ]) {
      await expect(as("instance_run", database, change), change).rejects.toThrow(refused);
    }
  });
});
