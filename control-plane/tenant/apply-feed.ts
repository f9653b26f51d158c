import { eq, sql } from "drizzle-orm";
import { ownCaller, writeAudit } from "../audit/write.ts";
import type { Queries } from "../database.ts";
import { type FeedEntry, stackStatus } from "../instance/client.ts";
import { withOwnIds } from "../observability/ids.ts";
import type { Logger } from "../observability/log.ts";
import { feedPosition, reserve, tenants } from "./schema.ts";
import { tenantStatusAfter } from "./tenant-status.ts";

const source = "instance";

/** Number of the last entry that was applied; 0 before the first. */
export async function readFeedPosition(db: Queries): Promise<number> {
  const [row] = await db.select().from(feedPosition).where(eq(feedPosition.source, source));
  return row?.seq ?? 0;
}

/**
 * Applies entries in order and notes the last one in the same transaction: each takes effect exactly once.
 * @returns the first that this version does not know: it and what comes after it are left for a newer version
 */
export async function applyFeed(
  db: Queries,
  entries: FeedEntry[],
  log: Logger,
): Promise<FeedEntry | undefined> {
  const unknown = entries.findIndex((entry) => !isKnown(entry));
  for (const { type, tenant, data } of await applyKnown(
    db,
    unknown < 0 ? entries : entries.slice(0, unknown),
  )) {
    if (type !== "operation") continue;
    const { id, kind, status, requestId } = data.operation;
    // Whoever reads the tenant in this moment has nothing to do with it.
    withOwnIds({ requestId, operationId: id, tenant }, () =>
      log.info({ kind, status }, "an operation stands otherwise"),
    );
  }
  return entries[unknown];
}

/** Whether it says what this version makes something of. */
function isKnown(entry: FeedEntry): boolean {
  return (
    entry.type === "reserved" ||
    (entry.type === "operation" && stackStatus.safeParse(entry.data.stack.status).success)
  );
}

/** Gives those that were not known before. */
function applyKnown(db: Queries, entries: FeedEntry[]): Promise<FeedEntry[]> {
  return db.transaction(async (tx) => {
    await tx.insert(feedPosition).values({ source, seq: 0 }).onConflictDoNothing();
    const [position] = await tx
      .select()
      .from(feedPosition)
      .where(eq(feedPosition.source, source))
      .for("update");
    const news = entries.filter((entry) => entry.seq > (position?.seq ?? 0));
    for (const entry of news) {
      if (entry.type === "reserved")
        await tx.insert(reserve).values({ tenantId: entry.tenant }).onConflictDoNothing();
      else await applyOperation(tx, entry);
    }
    const last = news.at(-1);
    if (last) await tx.update(feedPosition).set({ seq: last.seq }).where(eq(feedPosition.source, source));
    return news;
  });
}

async function applyOperation(tx: Queries, entry: Extract<FeedEntry, { type: "operation" }>): Promise<void> {
  const { operation, stack } = entry.data;
  const [before] = await tx.select().from(tenants).where(eq(tenants.id, entry.tenant)).for("no key update");
  if (!before) return;
  const status = tenantStatusAfter(before.status, { kind: operation.kind, stack: stack.status });
  const superseded = before.status === "deleting" && operation.kind !== "destroy";
  if (superseded || before.status === "deleted") return;
  await tx
    .update(tenants)
    .set({
      status,
      operationId: operation.id,
      operationKind: operation.kind,
      operationStatus: operation.status,
      operationError: operation.error,
      updatedAt: sql`now()`,
    })
    .where(eq(tenants.id, before.id));
  if (status === before.status) return;
  await writeAudit(tx, ownCaller("service:instance", operation.requestId ?? operation.id), {
    action: "tenant.status",
    target: before.id,
    tenantId: before.id,
    before: { status: before.status },
    after: { status, operation: operation.id, ...(operation.error ? { error: operation.error } : {}) },
  });
}
