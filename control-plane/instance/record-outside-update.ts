import { and, eq } from "drizzle-orm";
import { ownCaller, writeAudit } from "../audit/write.ts";
import type { InstanceContext } from "./context.ts";
import { lockStack } from "./read-stack.ts";
import { audit } from "./schema.ts";

/** What somebody did to a stack with a Pulumi of their own, as the stack's history has it. */
export interface OutsideUpdate {
  /** Name of the history's entry; the same one is told once. */
  name: string;
  /** `update`, `refresh`, `destroy`, `import` ... */
  kind: string;
  startedAt: Date;
  endedAt: Date;
  result: string;
  message: string;
  /** How Pulumi was run: `cli`, `auto.local` ... */
  by: string;
  /** How many resources were created, updated, left the same ... */
  changes: Record<string, number>;
}

/** Tells the audit of an update that no operation of ours made. Gives whether it was new. Throws `not_found`. */
export async function recordOutsideUpdate(
  ctx: Pick<InstanceContext, "db">,
  { tenantId, update }: { tenantId: string; update: OutsideUpdate },
): Promise<boolean> {
  const { name, kind, startedAt, endedAt, ...told } = update;
  const requestId = `pulumi:${name}`;
  return ctx.db.transaction(async (tx) => {
    // Of two provisioners that look at once the second finds the first one's entry.
    const stack = await lockStack(tx, tenantId);
    const known = await tx
      .select({ id: audit.id })
      .from(audit)
      .where(and(eq(audit.requestId, requestId), eq(audit.tenantId, tenantId)))
      .limit(1);
    if (known.length > 0) return false;
    await writeAudit(tx, ownCaller(`operator:${told.by}`, requestId), {
      action: `stack.pulumi-${kind}`,
      target: tenantId,
      tenantId,
      before: { revision: stack.appliedRevision, status: stack.status },
      after: { ...told, startedAt: startedAt.toISOString(), endedAt: endedAt.toISOString() },
    });
    return true;
  });
}
