import { and, eq, isNull, sql } from "drizzle-orm";
import { BerthError } from "../errors.ts";
import type { InstanceContext } from "./context.ts";
import { type Fence, holdLease } from "./lease.ts";
import { lockStack } from "./read-stack.ts";
import { stacks } from "./schema.ts";

/** Keeps Pulumi's `encryptionsalt` of a stack that was initialised just now. It never changes after that. */
export async function keepSalt(
  ctx: InstanceContext,
  { fence, salt }: { fence: Fence; salt: string },
): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    await lockStack(tx, fence.tenantId);
    await holdLease(tx, fence);
    const kept = await tx
      .update(stacks)
      .set({ salt, updatedAt: sql`now()` })
      .where(and(eq(stacks.tenantId, fence.tenantId), isNull(stacks.salt)))
      .returning({ salt: stacks.salt });
    if (kept.length > 0) return;
    const [stack] = await tx
      .select({ salt: stacks.salt })
      .from(stacks)
      .where(eq(stacks.tenantId, fence.tenantId));
    if (stack?.salt !== salt) {
      throw new BerthError(
        "conflict",
        `Stack ${fence.tenantId} has another salt already; its secrets would be lost.`,
      );
    }
  });
}
