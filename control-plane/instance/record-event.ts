import { appendEvent } from "./append-event.ts";
import type { InstanceContext } from "./context.ts";
import { type Fence, holdLease } from "./lease.ts";

/** Adds a line to the operation's stream. Gives the event's number. */
export async function recordEvent(
  ctx: InstanceContext,
  input: { fence: Fence; data: Record<string, unknown> },
): Promise<number> {
  return ctx.db.transaction(async (tx) => {
    await holdLease(tx, input.fence);
    return appendEvent(tx, input.fence.operationId, "log", input.data);
  });
}
