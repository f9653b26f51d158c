import { and, eq } from "drizzle-orm";
import { writeAudit } from "../audit/write.ts";
import { BerthError, notFound } from "../errors.ts";
import { newId } from "../ids.ts";
import type { CallerContext } from "./context.ts";
import { enqueueOperation } from "./enqueue-operation.ts";
import { lockIdleStack } from "./lock-idle-stack.ts";
import { instances } from "./schema.ts";

/** Queues a restart of one Odoo and gives the operation's id. Throws `not_ready`, `operation_in_progress`, `tenant_deleting`. */
export async function restartInstance(
  ctx: CallerContext,
  input: { tenant: string; instance: string },
): Promise<string> {
  return ctx.db.transaction(async (tx) => {
    const stack = await lockIdleStack(tx, ctx.caller, input.tenant);
    const [instance] = await tx
      .select()
      .from(instances)
      .where(and(eq(instances.tenantId, stack.tenantId), eq(instances.name, input.instance)));
    if (!instance) throw notFound(`instance "${input.instance}" of tenant "${input.tenant}"`);
    if (instance.readyAt === null) {
      throw new BerthError(
        "not_ready",
        `Instance "${input.instance}" was never ready, so it cannot be restarted. Try its creation again.`,
      );
    }
    const id = newId("op");
    await writeAudit(tx, ctx.caller, {
      action: "instance.restart",
      target: `${stack.tenantId}/${input.instance}`,
      tenantId: stack.tenantId,
      before: { status: stack.status },
      after: { operation: id },
    });
    await enqueueOperation(tx, ctx, {
      id,
      tenantId: stack.tenantId,
      kind: "restart",
      specRevision: stack.revision,
      actor: ctx.caller.actor,
      instance: input.instance,
    });
    return id;
  });
}
