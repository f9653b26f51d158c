import { writeAudit } from "../audit/write.ts";
import { BerthError } from "../errors.ts";
import { newId } from "../ids.ts";
import type { CallerContext } from "./context.ts";
import { enqueueOperation } from "./enqueue-operation.ts";
import { lockIdleStack } from "./lock-idle-stack.ts";

/**
 * Queues a comparison of a tenant's stack with what is really there and gives the operation's id.
 * Throws `not_found`, `not_ready`, `operation_in_progress`, `tenant_deleting`.
 */
export async function checkTenant(ctx: CallerContext, input: { tenant: string }): Promise<string> {
  return ctx.db.transaction(async (tx) => {
    const stack = await lockIdleStack(tx, ctx.caller, input.tenant);
    if (stack.readyAt === null) {
      throw new BerthError(
        "not_ready",
        "The tenant was never ready, so there is nothing to compare. Try its creation again.",
      );
    }
    const id = newId("op");
    await writeAudit(tx, ctx.caller, {
      action: "tenant.check",
      target: stack.tenantId,
      tenantId: stack.tenantId,
      before: { status: stack.status },
      after: { operation: id },
    });
    await enqueueOperation(tx, ctx, {
      id,
      tenantId: stack.tenantId,
      kind: "check",
      specRevision: stack.revision,
      actor: ctx.caller.actor,
    });
    return id;
  });
}
