import { and, eq, inArray, sql } from "drizzle-orm";
import type { Queries } from "../database.ts";
import { appendEvent } from "./append-event.ts";
import type { OperationError, OperationKind } from "./operation-status.ts";
import { operations } from "./schema.ts";

const byDelete: OperationError = {
  code: "cancelled",
  message: "Cancelled because the tenant is being deleted.",
};

/**
 * Cancels what is open on a tenant: what has not begun ends here, what runs is asked to stop.
 * Gives the kinds of those that ended.
 */
export async function cancelOpenOperations(tx: Queries, tenantId: string): Promise<OperationKind[]> {
  const open = await tx
    .select()
    .from(operations)
    .where(and(eq(operations.tenantId, tenantId), inArray(operations.status, ["queued", "running"])))
    .orderBy(operations.seq)
    .for("no key update");
  for (const operation of open) await cancelOne(tx, operation, byDelete);
  return open.flatMap(({ kind, status }) => (status === "queued" ? [kind] : []));
}

/** One operation, whose row the caller has locked. */
export async function cancelOne(
  tx: Queries,
  operation: Pick<typeof operations.$inferSelect, "id" | "status" | "cancelRequestedAt">,
  error: OperationError,
): Promise<void> {
  const mine = eq(operations.id, operation.id);
  if (operation.status === "queued") {
    await tx.update(operations).set({ status: "cancelled", error, finishedAt: sql`now()` }).where(mine);
    await appendEvent(tx, operation.id, "cancelled", { error });
  } else if (operation.status === "running" && operation.cancelRequestedAt === null) {
    await tx.update(operations).set({ cancelRequestedAt: sql`now()` }).where(mine);
    await appendEvent(tx, operation.id, "cancel_requested");
  }
}
