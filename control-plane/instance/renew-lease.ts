import { and, eq, sql } from "drizzle-orm";
import type { InstanceContext } from "./context.ts";
import { type Fence, leaseLost } from "./lease.ts";
import { leases, operations } from "./schema.ts";

/** Keeps the tenant for `leaseMs` more milliseconds, and says whether somebody wants the operation cancelled. */
export async function renewLease(
  ctx: InstanceContext,
  input: { fence: Fence; leaseMs: number },
): Promise<{ cancelRequested: boolean }> {
  const { fence, leaseMs } = input;
  const [renewed] = await ctx.db
    .update(leases)
    .set({ expiresAt: sql`now() + ${`${leaseMs} milliseconds`}::interval` })
    .from(operations)
    .where(
      and(
        eq(leases.tenantId, fence.tenantId),
        eq(leases.fencingToken, fence.token),
        eq(operations.id, leases.operationId),
      ),
    )
    .returning({ cancelRequestedAt: operations.cancelRequestedAt });
  if (!renewed) throw leaseLost(fence);
  return { cancelRequested: renewed.cancelRequestedAt !== null };
}
