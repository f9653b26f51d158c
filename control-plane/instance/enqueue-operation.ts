import { eq, sql } from "drizzle-orm";
import type { Queries } from "../database.ts";
import { noteIds } from "../observability/ids.ts";
import { appendEvent } from "./append-event.ts";
import type { CallerContext } from "./context.ts";
import { publishOperation } from "./feed.ts";
import type { OperationKind } from "./operation-status.ts";
import { lockStack } from "./read-stack.ts";
import { operations, stacks } from "./schema.ts";
import { stackStatusDuring } from "./stack-status.ts";

/** Queues an operation behind the tenant's others, wakes a worker and tells followers. Call it last in its transaction. */
export async function enqueueOperation(
  tx: Queries,
  ctx: CallerContext,
  input: {
    id: string;
    tenantId: string;
    kind: OperationKind;
    specRevision: number;
    actor: string;
    instance?: string;
    retryOf?: string;
  },
): Promise<void> {
  noteIds({ operationId: input.id, tenant: input.tenantId });
  const { organizationId } = await lockStack(tx, input.tenantId);
  await tx.insert(operations).values({ ...input, organizationId, requestId: ctx.caller.requestId });
  if (input.kind !== "check") {
    const status = stackStatusDuring(input.kind);
    await tx.update(stacks).set({ status, updatedAt: sql`now()` }).where(eq(stacks.tenantId, input.tenantId));
  }
  await appendEvent(tx, input.id, "queued", { kind: input.kind });
  await ctx.wake(tx);
  await publishOperation(tx, input.id);
}
