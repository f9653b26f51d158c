import { eq, sql } from "drizzle-orm";
import { mustHaveRole } from "../access/access.ts";
import { writeAudit } from "../audit/write.ts";
import type { Queries } from "../database.ts";
import { BerthError, notFound } from "../errors.ts";
import { noteIds } from "../observability/ids.ts";
import { cancelOne } from "./cancel-open-operations.ts";
import type { CallerContext } from "./context.ts";
import { currentStatus } from "./current-status.ts";
import { publishOperation } from "./feed.ts";
import { hasEnded } from "./operation-status.ts";
import { lockStack } from "./read-stack.ts";
import { operations, stacks } from "./schema.ts";

/**
 * Cancels an operation: at once if it has not begun, else it is asked to stop and take back what it made.
 * Throws `operation_ended`, and `not_cancellable` for a deletion, which wins over everything.
 */
export async function cancelOperation(ctx: CallerContext, { id }: { id: string }): Promise<void> {
  const cancelled = await ctx.db.transaction(async (tx) => {
    const [found] = await tx
      .select({ tenantId: operations.tenantId })
      .from(operations)
      .where(eq(operations.id, id));
    if (!found) throw notFound(`operation ${id}`);
    noteIds({ operationId: id, tenant: found.tenantId });
    const stack = await lockStack(tx, found.tenantId);
    mustHaveRole(ctx.caller, stack.organizationId);
    const operation = await lockOperation(tx, id);
    if (hasEnded(operation.status)) {
      throw new BerthError(
        "operation_ended",
        `Operation ${id} has ended (${operation.status}); there is nothing to cancel.`,
      );
    }
    if (operation.kind === "destroy") {
      throw new BerthError("not_cancellable", "A deletion that was accepted cannot be cancelled.");
    }
    await cancelOne(tx, operation, {
      code: "cancelled",
      message: `Cancelled by ${ctx.caller.actor} before it began.`,
    });
    const ended = operation.status === "queued";
    if (ended) {
      const status = await currentStatus(tx, stack.tenantId);
      await tx
        .update(stacks)
        .set({ status, updatedAt: sql`now()` })
        .where(eq(stacks.tenantId, stack.tenantId));
    }
    await writeAudit(tx, ctx.caller, {
      action: "operation.cancel",
      target: id,
      tenantId: operation.tenantId,
      before: { status: operation.status },
      after: { status: ended ? "cancelled" : operation.status, cancelRequested: true },
    });
    if (ended) await publishOperation(tx, id);
    return ended ? operation.kind : undefined;
  });
  if (cancelled) ctx.ended({ kind: cancelled, outcome: "cancelled" });
}

async function lockOperation(tx: Queries, id: string) {
  const [operation] = await tx.select().from(operations).where(eq(operations.id, id)).for("no key update");
  if (!operation) throw notFound(`operation ${id}`);
  return operation;
}
