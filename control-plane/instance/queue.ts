import { AsyncLocalStorage } from "node:async_hooks";
import { sql } from "drizzle-orm";
import type pg from "pg";
import { fromDrizzle, PgBoss } from "pg-boss";
import { connection, type DatabaseLogin, type Queries } from "../database.ts";
import type { Logger } from "../observability/log.ts";

/**
 * Queue that wakes workers. A job says "there may be work", never which: order and lease are in the
 * operations table. Policy `standard` and one job per operation, because a singleton job that was
 * not fetched yet swallows the next one, and may be fetched before that one's transaction commits.
 */
const operationsQueue = "operations";
const schema = "pgboss";

/** Makes or updates pg-boss's tables and the queue as their owner, and lets the run-time user work with them. */
export async function migrateQueue(owner: DatabaseLogin, client: pg.Client): Promise<void> {
  const boss = new PgBoss({
    ...connection(owner, "berth migrate"),
    schema,
    max: 1,
    migrate: true,
    supervise: false,
    schedule: false,
    registerInstance: false,
  });
  const errors: unknown[] = [];
  boss.on("error", (error) => errors.push(error));
  try {
    await boss.start();
    const options = { notify: true, retryLimit: 0, deleteAfterSeconds: 3600 };
    if (await boss.getQueue(operationsQueue)) await boss.updateQueue(operationsQueue, options);
    else await boss.createQueue(operationsQueue, { ...options, policy: "standard" });
  } finally {
    await boss.stop({ graceful: false });
  }
  if (errors.length > 0) throw new AggregateError(errors, "The queue's tables could not be made.");
  await client.query(`
    grant usage on schema ${schema} to instance_run;
    grant select, insert, update, delete on all tables in schema ${schema} to instance_run;
    grant execute on all functions in schema ${schema} to instance_run`);
}

/**
 * The sending side: puts a job into the caller's transaction. What pg-boss wants to know of the queue it asks on the
 * caller's connection too: on one more, many first callers at once would hold all there are and wait for another.
 */
export function createWake(db: Queries): (tx: Queries) => Promise<void> {
  const caller = new AsyncLocalStorage<Queries>();
  const boss = new PgBoss({
    db: {
      executeSql: (text, values) => fromDrizzle(caller.getStore() ?? db, sql).executeSql(text, values),
    },
    schema,
    migrate: false,
    supervise: false,
    schedule: false,
  });
  return async (tx) => {
    await caller.run(tx, () => boss.send(operationsQueue, {}, { db: fromDrizzle(tx, sql) }));
  };
}

/**
 * The receiving side: `kick` is called whenever there may be work, and must return at once.
 * Jobs are taken by the handful: a worker that takes one at a time sleeps after a burst until the next poll.
 */
export async function listenForWork(options: {
  login: DatabaseLogin;
  kick: () => void;
  log: Logger;
}): Promise<{ close(): Promise<void> }> {
  const boss = new PgBoss({
    ...connection(options.login, "berth queue"),
    schema,
    max: 2,
    migrate: false,
    createSchema: false,
    schedule: false,
    useListenNotify: true,
    notifyHeartbeatIntervalMs: 5_000,
    notifyHeartbeatTimeoutMs: 2_000,
  });
  boss.on("error", (error) => options.log.warn({ err: error }, "the queue has trouble; it goes on"));
  await boss.start();
  await boss.work(
    operationsQueue,
    { batchSize: 50, burstWhenBatchFull: true, pollingIntervalSeconds: 2, notifyPollingIntervalSeconds: 30 },
    async () => options.kick(),
  );
  return { close: () => boss.stop({ graceful: false }) };
}
