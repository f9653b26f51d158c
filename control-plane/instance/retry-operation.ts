import { and, desc, eq } from "drizzle-orm";
import { mustHaveRole } from "../access/access.ts";
import { writeAudit } from "../audit/write.ts";
import { BerthError, notFound } from "../errors.ts";
import { newId } from "../ids.ts";
import type { CallerContext } from "./context.ts";
import { enqueueOperation } from "./enqueue-operation.ts";
import { mayRetry } from "./operation-status.ts";
import { lockStack } from "./read-stack.ts";
import { operations } from "./schema.ts";

/**
 * Does an operation that failed or was cancelled again, as a new operation towards what the tenant
 * should be now. Gives the new id. Throws `not_retryable` unless it is the tenant's last one.
 */
export async function retryOperation(ctx: CallerContext, { id }: { id: string }): Promise<string> {
  return ctx.db.transaction(async (tx) => {
    const [found] = await tx
      .select({ tenantId: operations.tenantId })
      .from(operations)
      .where(eq(operations.id, id));
    if (!found) throw notFound(`operation ${id}`);
    const stack = await lockStack(tx, found.tenantId);
    mustHaveRole(ctx.caller, stack.organizationId);
    const [last] = await tx
      .select()
      .from(operations)
      .where(and(eq(operations.tenantId, found.tenantId)))
      .orderBy(desc(operations.seq))
      .limit(1);
    if (last?.id !== id) {
      throw new BerthError(
        "not_retryable",
        `Operation ${id} is not the tenant's last one; ${last?.id} came after it.`,
      );
    }
    if (!mayRetry(last.status)) {
      throw new BerthError(
        "not_retryable",
        `Operation ${id} is ${last.status}; only what failed or was cancelled can be tried again.`,
      );
    }
    if (stack.desired === "absent" && last.kind !== "destroy") {
      throw new BerthError(
        "tenant_deleting",
        "The tenant is being deleted; only the deletion can be tried again.",
      );
    }
    const retry = newId("op");
    await writeAudit(tx, ctx.caller, {
      action: "operation.retry",
      target: id,
      tenantId: stack.tenantId,
      before: { status: last.status, error: last.error },
      after: { operation: retry },
    });
    await enqueueOperation(tx, ctx, {
      id: retry,
      tenantId: stack.tenantId,
      kind: last.kind,
      specRevision: stack.revision,
      actor: ctx.caller.actor,
      instance: last.instance ?? undefined,
      retryOf: id,
    });
    return retry;
  });
}
