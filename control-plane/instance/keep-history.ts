import type { InstanceContext } from "./context.ts";
import { type Fence, holdLease } from "./lease.ts";
import { findStack } from "./read-stack.ts";
import { stackHistory } from "./schema.ts";

/**
 * Keeps a stack's update history and last checkpoint, which Pulumi forgets with the stack.
 * Secrets in both must be Pulumi's ciphertext, as `pulumi stack export` gives them without --show-secrets.
 */
export async function keepHistory(
  ctx: InstanceContext,
  input: { fence: Fence; history: unknown; state: unknown },
): Promise<void> {
  const { fence, history, state } = input;
  await ctx.db.transaction(async (tx) => {
    await holdLease(tx, fence);
    const stack = await findStack(tx, fence.tenantId);
    await tx.insert(stackHistory).values({
      tenantId: fence.tenantId,
      slug: stack.slug,
      operationId: fence.operationId,
      spec: stack.spec,
      salt: stack.salt,
      history: history ?? [],
      state: state ?? {},
    });
  });
}
