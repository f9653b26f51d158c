import { expect, inject, test } from "vitest";
import { openDatabase } from "../../control-plane/database.ts";
import { connectServer } from "../support/postgres.ts";
import { captureLog } from "./support.ts";

const server = connectServer(inject("postgres"));
const open = () =>
  openDatabase({ login: server.login("postgres", "postgres"), name: "one", log: captureLog().log, max: 1 });

test("a transaction that could not begin gives its connection back", async () => {
  const database = open();
  const refused = database.db.transaction(async () => undefined, {
    isolationLevel: "no such level" as never,
  });
  await expect(refused).rejects.toThrow();
  expect(await database.ping()).toBeGreaterThan(0);
  await database.close();
});

test("a transaction whose server went away leaves neither a broken connection nor one that is never closed", async () => {
  const database = open();
  const cut = database.db.transaction((tx) => tx.execute("select pg_terminate_backend(pg_backend_pid())"));
  await expect(cut).rejects.toThrow();
  expect(await database.ping()).toBeGreaterThan(0);
  await database.close();
});

test("what fails in a transaction is undone, and its error is the caller's", async () => {
  const database = open();
  const failed = database.db.transaction(async (tx) => {
    await tx.execute("create table t_undone ()");
    throw new Error("the caller's own");
  });
  await expect(failed).rejects.toThrow("the caller's own");
  expect(await server.sql("select from pg_tables where tablename = 't_undone'")).toEqual([]);
  await database.close();
});
