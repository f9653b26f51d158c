import { and, eq, sql } from "drizzle-orm";
import { BerthError } from "../errors.ts";
import { addressPool, toAddress } from "./address-pool.ts";
import type { InstanceContext } from "./context.ts";
import { type Fence, holdLease } from "./lease.ts";
import { instances } from "./schema.ts";

/** Any number that nothing else in this database locks. */
const addressLock = 7_316_202;

/**
 * Gives an instance its fixed address: the one it has, or the lowest free one of the subnet.
 * Throws `addresses_exhausted` when none is free.
 * @param input.taken addresses that something else in the network holds
 */
export async function allocateAddress(
  ctx: InstanceContext,
  input: { fence: Fence; instance: string; subnet: string; taken?: string[] },
): Promise<string> {
  const { fence, instance, subnet, taken = [] } = input;
  const pool = addressPool(subnet);
  return ctx.db.transaction(async (tx) => {
    await holdLease(tx, fence);
    const mine = and(eq(instances.tenantId, fence.tenantId), eq(instances.name, instance));
    // Two who look at once would find the same gap; the unique index would refuse one of them.
    await tx.execute(sql`select pg_advisory_xact_lock(${addressLock})`);
    const [row] = await tx.select({ address: instances.address }).from(instances).where(mine);
    if (!row) throw new Error(`${fence.tenantId} has no instance "${instance}" to give an address to.`);
    if (row.address !== null) return row.address;
    const { rows } = await tx.execute<{ free: number | null }>(sql`
      select min(n)::int as free from generate_series(0, ${pool.last - pool.first}::int) n
      where not exists (select from ${instances} i where i.address = ${toAddress(pool.first)}::inet + n)
        and not (${toAddress(pool.first)}::inet + n = any(${`{${taken.join(",")}}`}::inet[]))`);
    const free = rows[0]?.free ?? null;
    if (free === null) {
      throw new BerthError(
        "addresses_exhausted",
        `All ${pool.last - pool.first + 1} addresses of ${subnet} are in use. Delete tenants, or set up an environment with a larger BERTH_TENANT_SUBNET.`,
      );
    }
    const address = toAddress(pool.first + free);
    await tx.update(instances).set({ address }).where(mine);
    return address;
  });
}
