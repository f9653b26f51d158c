import { and, eq } from "drizzle-orm";
import type { InstanceContext } from "./context.ts";
import { type Fence, leaseLost } from "./lease.ts";
import { leases } from "./schema.ts";

/** Gives an operation back that has not ended, as on a graceful stop: the next worker takes it over at once. */
export async function releaseOperation(ctx: InstanceContext, { fence }: { fence: Fence }): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    // Expired and not removed: the next worker still learns who held it.
    const released = await tx
      .update(leases)
      .set({ expiresAt: new Date(0) })
      .where(and(eq(leases.tenantId, fence.tenantId), eq(leases.fencingToken, fence.token)))
      .returning({ token: leases.fencingToken });
    if (released.length === 0) throw leaseLost(fence);
    await ctx.wake(tx);
  });
}
