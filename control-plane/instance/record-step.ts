import { and, eq, sql } from "drizzle-orm";
import { appendEvent } from "./append-event.ts";
import type { InstanceContext } from "./context.ts";
import { type Fence, holdLease } from "./lease.ts";
import { operationSteps } from "./schema.ts";

/** Begins a step of an operation; one of the same name, from an earlier attempt, begins anew. */
export async function startStep(
  ctx: InstanceContext,
  input: { fence: Fence; name: string; detail?: string },
): Promise<void> {
  const { fence, name, detail = null } = input;
  await ctx.db.transaction(async (tx) => {
    await holdLease(tx, fence);
    await appendEvent(tx, fence.operationId, "step", { name, status: "running", detail });
    await tx
      .insert(operationSteps)
      .values({
        operationId: fence.operationId,
        name,
        detail,
        status: "running",
        position: sql`(select count(*) from ${operationSteps} s where s.operation_id = ${fence.operationId})`,
      })
      .onConflictDoUpdate({
        target: [operationSteps.operationId, operationSteps.name],
        set: { status: "running", detail, startedAt: sql`now()`, finishedAt: null },
      });
  });
}

/** Ends a step that was begun. */
export async function endStep(
  ctx: InstanceContext,
  input: { fence: Fence; name: string; status: "succeeded" | "failed"; detail?: string },
): Promise<void> {
  const { fence, name, status, detail } = input;
  await ctx.db.transaction(async (tx) => {
    await holdLease(tx, fence);
    await appendEvent(tx, fence.operationId, "step", { name, status, detail: detail ?? null });
    const ended = await tx
      .update(operationSteps)
      .set({ status, finishedAt: sql`now()`, ...(detail === undefined ? {} : { detail }) })
      .where(and(eq(operationSteps.operationId, fence.operationId), eq(operationSteps.name, name)))
      .returning({ name: operationSteps.name });
    if (ended.length === 0) throw new Error(`Step "${name}" of ${fence.operationId} ended before it began.`);
  });
}
