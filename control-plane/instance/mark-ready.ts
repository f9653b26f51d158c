import { and, eq, sql } from "drizzle-orm";
import { BerthError } from "../errors.ts";
import type { InstanceContext } from "./context.ts";
import { type Fence, holdLease } from "./lease.ts";
import { lockStack } from "./read-stack.ts";
import { instances, stacks } from "./schema.ts";

/**
 * Notes that an instance is ready and which database it has (`database.uuid`). Once noted, another
 * identity throws `identity_changed`: that is not this tenant's database.
 */
export async function markReady(
  ctx: InstanceContext,
  input: { fence: Fence; instance: string; identity: string },
): Promise<void> {
  const { fence, instance, identity } = input;
  await ctx.db.transaction(async (tx) => {
    await lockStack(tx, fence.tenantId);
    await holdLease(tx, fence);
    const [row] = await tx
      .update(instances)
      .set({
        identity: sql`coalesce(${instances.identity}, ${identity}::uuid)`,
        readyAt: sql`coalesce(${instances.readyAt}, now())`,
      })
      .where(and(eq(instances.tenantId, fence.tenantId), eq(instances.name, instance)))
      .returning({ identity: instances.identity });
    if (!row) throw new Error(`${fence.tenantId} has no instance "${instance}".`);
    if (row.identity !== identity.toLowerCase()) {
      throw new BerthError(
        "identity_changed",
        `Instance "${instance}" of ${fence.tenantId} had the database ${row.identity}, and now there is ${identity}. Restore the right one; nothing was changed.`,
      );
    }
    await tx
      .update(stacks)
      .set({ readyAt: sql`coalesce(${stacks.readyAt}, now())`, updatedAt: sql`now()` })
      .where(eq(stacks.tenantId, fence.tenantId));
  });
}
