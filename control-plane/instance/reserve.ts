import { eq } from "drizzle-orm";
import { workerCaller, writeAudit } from "../audit/write.ts";
import type { InstanceContext } from "./context.ts";
import { publishReserved } from "./feed.ts";
import { stacks } from "./schema.ts";

/** Adds a stack that is initialised (state row and salt, nothing else) to those a new tenant may take. */
export async function addToReserve(
  ctx: InstanceContext,
  { tenantId, salt, worker }: { tenantId: string; salt: string; worker: string },
): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    await tx.insert(stacks).values({ tenantId, salt, status: "reserved" });
    await writeAudit(tx, workerCaller(worker), {
      action: "stack.reserve",
      target: tenantId,
      tenantId,
      after: { status: "reserved" },
    });
    await publishReserved(tx, tenantId);
  });
}

/** Stacks that wait for a tenant, in the order in which they are taken. */
export async function readReserve(
  ctx: Pick<InstanceContext, "db">,
): Promise<Array<{ tenantId: string; salt: string }>> {
  const rows = await ctx.db
    .select({ tenantId: stacks.tenantId, salt: stacks.salt })
    .from(stacks)
    .where(eq(stacks.status, "reserved"))
    .orderBy(stacks.createdAt, stacks.tenantId);
  return rows.flatMap(({ tenantId, salt }) => (salt === null ? [] : [{ tenantId, salt }]));
}
