import { count, eq } from "drizzle-orm";
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

/** Stacks that wait for a tenant. */
export async function countReserve(ctx: Pick<InstanceContext, "db">): Promise<number> {
  const [row] = await ctx.db.select({ waiting: count() }).from(stacks).where(eq(stacks.status, "reserved"));
  return row?.waiting ?? 0;
}
