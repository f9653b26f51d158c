import { AsyncLocalStorage } from "node:async_hooks";
import { getCurrentDBAdapterAsyncLocalStorage } from "@better-auth/core/context";
import type { Queries } from "../database.ts";

interface Open {
  tx: Queries;
  afterwards: Array<() => Promise<void>>;
}

const current = new AsyncLocalStorage<Open>();

/**
 * A transaction that better-auth's functions join when they are called in it: theirs and ours commit together. What was
 * put off, by {@link afterCommit} or by better-auth's `queueAfterTransactionHook`, is done before this resolves, and not at
 * all when it rejects.
 */
export async function inTransaction<T>(db: Queries, work: (tx: Queries) => Promise<T>): Promise<T> {
  const afterwards: Open["afterwards"] = [];
  const result = await db.transaction((tx) => enter({ tx, afterwards }, () => work(tx)));
  for (const act of afterwards) await act();
  return result;
}

/** For what the world must not see before the transaction is committed: then, or at once where there is none. */
export async function afterCommit(act: () => Promise<void>): Promise<void> {
  const open = current.getStore();
  if (open) open.afterwards.push(act);
  else await act();
}

export function isInTransaction(): boolean {
  return current.getStore() !== undefined;
}

/** The database as better-auth is given it: the transaction of {@link inTransaction} where there is one. */
export function joining(db: Queries): Queries {
  return new Proxy(db, {
    get(_, name) {
      const now = current.getStore()?.tx ?? db;
      const value = Reflect.get(now, name, now);
      return typeof value === "function" ? value.bind(now) : value;
    },
  });
}

/**
 * Runs what calls better-auth in a transaction that is open already, as {@link inTransaction} does. What was put off is done
 * at its end, a moment before whoever opened the transaction commits it.
 */
export async function joinedBy<T>(tx: Queries, work: () => Promise<T>): Promise<T> {
  const afterwards: Open["afterwards"] = [];
  const result = await enter({ tx, afterwards }, work);
  for (const act of afterwards) await act();
  return result;
}

async function enter<T>(open: Open, work: () => Promise<T>): Promise<T> {
  const theirs = await getCurrentDBAdapterAsyncLocalStorage();
  // Told of no adapter, better-auth takes the one that it was made with, which is over `joining`.
  const store = { adapter: undefined as never, pendingHooks: open.afterwards, isTransactionActive: true };
  return current.run(open, () => theirs.run(store, work));
}
