import { and, gt, inArray, sql } from "drizzle-orm";
import type { InstanceContext } from "./context.ts";
import { leases } from "./schema.ts";

/**
 * Ends the leases of workers that are proved dead, so that what they left is taken over at once. Whoever takes
 * it over still learns who held it. Gives how many there were.
 */
export async function expireLeases(
  ctx: Pick<InstanceContext, "db">,
  { isDead }: { isDead: (worker: string) => boolean },
): Promise<number> {
  const held = await ctx.db
    .selectDistinct({ worker: leases.worker })
    .from(leases)
    .where(gt(leases.expiresAt, sql`now()`));
  const dead = held.map(({ worker }) => worker).filter(isDead);
  if (dead.length === 0) return 0;
  const ended = await ctx.db
    .update(leases)
    .set({ expiresAt: new Date(0) })
    .where(and(inArray(leases.worker, dead), gt(leases.expiresAt, sql`now()`)))
    .returning({ tenantId: leases.tenantId });
  return ended.length;
}
