import { and, eq, inArray, sql } from "drizzle-orm";
import { workerCaller, writeAudit } from "../audit/write.ts";
import type { Queries } from "../database.ts";
import { appendEvent } from "./append-event.ts";
import type { InstanceContext } from "./context.ts";
import { currentStatus } from "./current-status.ts";
import { publishOperation } from "./feed.ts";
import { type Fence, holdLease } from "./lease.ts";
import type { OperationError } from "./operation-status.ts";
import { lockStack } from "./read-stack.ts";
import { instances, leases, operationSteps, operations, stacks } from "./schema.ts";
import type { StackStatus } from "./stack-status.ts";

export interface FinishInput {
  fence: Fence;
  status: "succeeded" | "failed" | "cancelled";
  /** Why, unless it succeeded. */
  error?: OperationError;
}

/**
 * Ends an operation: what is open of it is closed, the stack gets its new status, the lease is given
 * back, followers are told, and whoever waits for the tenant is woken.
 */
export async function finishOperation(
  ctx: InstanceContext,
  { fence, status, error }: FinishInput,
): Promise<void> {
  const ended = await ctx.db.transaction(async (tx) => {
    const before = await lockStack(tx, fence.tenantId);
    await holdLease(tx, fence);
    await tx
      .update(operationSteps)
      .set({ status: status === "succeeded" ? "succeeded" : "failed", finishedAt: sql`now()` })
      .where(and(eq(operationSteps.operationId, fence.operationId), eq(operationSteps.status, "running")));
    const [operation] = await tx
      .update(operations)
      .set({ status, error: status === "succeeded" ? null : error, finishedAt: sql`now()` })
      .where(and(eq(operations.id, fence.operationId), eq(operations.status, "running")))
      .returning();
    if (!operation) throw new Error(`Operation ${fence.operationId} is not running and cannot be ended.`);
    const after = await currentStatus(tx, fence.tenantId);
    if (after === "gone") await bury(tx, fence.tenantId);
    else await settle(tx, fence.tenantId, after, appliedBy(operation));
    await tx.delete(leases).where(eq(leases.tenantId, fence.tenantId));
    await appendEvent(tx, operation.id, status, error ? { error } : {});
    await writeAudit(tx, workerCaller(fence.worker, fence.requestId), {
      action: `operation.${status}`,
      target: operation.id,
      tenantId: fence.tenantId,
      before: { stack: before.status },
      after: { kind: operation.kind, stack: after, ...(error ? { error } : {}) },
    });
    if (await isAnyOpen(tx, fence.tenantId)) await ctx.wake(tx);
    await publishOperation(tx, operation.id);
    return operation;
  });
  const { kind, startedAt, finishedAt } = ended;
  const ms = startedAt && finishedAt ? finishedAt.getTime() - startedAt.getTime() : 0;
  ctx.ended({ kind, outcome: status, seconds: ms / 1_000 });
}

/** The revision that an operation has brought up; undefined for one that brought none. */
function appliedBy({ kind, status, specRevision }: typeof operations.$inferSelect): number | undefined {
  return status === "succeeded" && (kind === "create" || kind === "change") ? specRevision : undefined;
}

async function isAnyOpen(tx: Queries, tenantId: string): Promise<boolean> {
  const open = await tx
    .select({ id: operations.id })
    .from(operations)
    .where(and(eq(operations.tenantId, tenantId), inArray(operations.status, ["queued", "running"])))
    .limit(1);
  return open.length > 0;
}

async function settle(tx: Queries, tenantId: string, status: StackStatus, applied: number | undefined) {
  await tx
    .update(stacks)
    .set({
      status,
      updatedAt: sql`now()`,
      ...(applied === undefined
        ? {}
        : { appliedRevision: sql`greatest(${stacks.appliedRevision}, ${applied})` }),
    })
    .where(eq(stacks.tenantId, tenantId));
}

/** Frees addresses and slug and erases secrets; what was kept of the stack is in its history. */
async function bury(tx: Queries, tenantId: string): Promise<void> {
  await tx.delete(instances).where(eq(instances.tenantId, tenantId));
  await tx
    .update(stacks)
    .set({ status: "gone", secrets: null, salt: null, updatedAt: sql`now()` })
    .where(eq(stacks.tenantId, tenantId));
}
