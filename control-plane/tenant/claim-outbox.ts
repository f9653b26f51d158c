import { and, asc, eq, inArray, isNull, lt, lte, min, notExists, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import { inOnce, type Queries } from "../database.ts";
import { outbox } from "./schema.ts";

export type OutboxEntry = typeof outbox.$inferSelect;

/** Milliseconds after which an entry that was taken and not settled is due again. */
const claimMs = 15_000;

/** Takes up to `limit` entries that are due, of each tenant only the oldest: what came first is delivered first. */
export async function claimOutbox(db: Queries, limit: number): Promise<OutboxEntry[]> {
  const due = db
    .select({ id: outbox.id })
    .from(outbox)
    .where(and(lte(outbox.dueAt, sql`now()`), isOldest(db)))
    .orderBy(asc(outbox.id))
    .limit(limit)
    .for("no key update", { skipLocked: true });
  return db
    .update(outbox)
    .set({
      attempts: sql`${outbox.attempts} + 1`,
      dueAt: sql`now() + ${`${claimMs} milliseconds`}::interval`,
    })
    .where(inOnce(outbox.id, due))
    .returning();
}

/** Milliseconds until the next entry is due, `undefined` when none waits. */
export async function nextDue(db: Queries): Promise<number | undefined> {
  const [row] = await db
    .select({ at: min(outbox.dueAt), now: sql<string>`now()` })
    .from(outbox)
    .where(isOldest(db));
  return row?.at ? Math.max(0, row.at.getTime() - new Date(row.now).getTime()) : undefined;
}

/**
 * Makes entries due now that were taken and not settled: what somebody who died, or a database that
 * went away, left behind need not wait.
 * @param ids all of them when left out
 */
export async function reclaimOutbox(db: Queries, ids?: number[]): Promise<void> {
  await db
    .update(outbox)
    .set({ dueAt: sql`now()` })
    .where(and(isNull(outbox.doneAt), ids ? inArray(outbox.id, ids) : undefined));
}

function isOldest(db: Queries) {
  const older = alias(outbox, "older");
  return and(
    isNull(outbox.doneAt),
    notExists(
      db
        .select({ id: older.id })
        .from(older)
        .where(and(eq(older.tenantId, outbox.tenantId), lt(older.id, outbox.id), isNull(older.doneAt))),
    ),
  );
}
