import { and, eq } from "drizzle-orm";
import type { InstanceContext } from "./context.ts";
import { type Fence, leaseLost } from "./lease.ts";
import { leases } from "./schema.ts";

/** Keeps with the lease what a later worker needs to prove this one dead (processes, host). */
export async function describeHolder(
  ctx: InstanceContext,
  { fence, holder }: { fence: Fence; holder: Record<string, unknown> },
): Promise<void> {
  const described = await ctx.db
    .update(leases)
    .set({ holder })
    .where(and(eq(leases.tenantId, fence.tenantId), eq(leases.fencingToken, fence.token)))
    .returning({ token: leases.fencingToken });
  if (described.length === 0) throw leaseLost(fence);
}
