import { AsyncLocalStorage } from "node:async_hooks";
import { getCurrentDBAdapterAsyncLocalStorage } from "@better-auth/core/context";
import type { Queries } from "../database.ts";
import { BerthError } from "../errors.ts";

const current = new AsyncLocalStorage<Queries>();

/**
 * A transaction that better-auth's functions join when they are called in it: theirs and ours commit together. What it is
 * told to do after a transaction (`queueAfterTransactionHook`: mails, copies of sessions) is done after this one.
 */
export async function inTransaction<T>(db: Queries, work: (tx: Queries) => Promise<T>): Promise<T> {
  const afterwards: Array<() => Promise<void>> = [];
  const theirs = await getCurrentDBAdapterAsyncLocalStorage();
  // Without an adapter of its own better-auth takes the one it has, which is over `joining`.
  const store = { adapter: undefined as never, pendingHooks: afterwards, isTransactionActive: true };
  const result = await db.transaction((tx) => current.run(tx, () => theirs.run(store, () => work(tx))));
  for (const hook of afterwards) await hook();
  return result;
}

/** The same, for work that gives a refusal back instead of throwing it: what it has counted until then stays. */
export async function inTransactionThatStays<T>(
  db: Queries,
  work: (tx: Queries) => Promise<T | BerthError>,
): Promise<T> {
  const result = await inTransaction(db, work);
  if (result instanceof BerthError) throw result;
  return result;
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
