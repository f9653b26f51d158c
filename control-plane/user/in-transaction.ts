import { AsyncLocalStorage } from "node:async_hooks";
import type { Queries } from "../database.ts";

const current = new AsyncLocalStorage<Queries>();

/** A transaction that better-auth's functions join when they are called in it: theirs and ours commit together. */
export function inTransaction<T>(db: Queries, work: (tx: Queries) => Promise<T>): Promise<T> {
  return db.transaction((tx) => current.run(tx, () => work(tx)));
}

/** The database as better-auth is given it: the transaction of {@link inTransaction} where there is one. */
export function joining(db: Queries): Queries {
  return new Proxy(db, {
    get(_, name) {
      const now = current.getStore() ?? db;
      const value = Reflect.get(now, name, now);
      return typeof value === "function" ? value.bind(now) : value;
    },
  });
}

/** Runs what calls better-auth in a transaction that is open already, as {@link inTransaction} does. */
export function joinedBy<T>(tx: Queries, work: () => Promise<T>): Promise<T> {
  return current.run(tx, work);
}
