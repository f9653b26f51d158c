import { and, eq } from "drizzle-orm";
import type { Queries } from "../database.ts";
import { BerthError } from "../errors.ts";
import type { OperationKind } from "./operation-status.ts";
import { leases, operations } from "./schema.ts";

/** An operation that a worker has taken, and the token it must show with every write. */
export interface Claim {
  operationId: string;
  tenantId: string;
  kind: OperationKind;
  /** The instance it is about; null when it is about the whole stack. */
  instance: string | null;
  specRevision: number;
  /** More than 1: somebody worked on it before and left. */
  attempt: number;
  /** Whether it is done again because an earlier operation failed, which may have left something behind. */
  isRetry: boolean;
  token: number;
  worker: string;
  /** Whoever let the lease run out. Prove it dead before touching what it may still be changing. */
  previous: { worker: string; holder: Record<string, unknown> } | null;
  cancelRequested: boolean;
  requestId: string;
}

/** Proof of a claim. */
export type Fence = Pick<Claim, "operationId" | "tenantId" | "token" | "worker" | "requestId">;

/** Throws `lease_lost` unless the tenant is still this worker's; nobody takes it over before the transaction ends. */
export async function holdLease(tx: Queries, fence: Fence): Promise<void> {
  // Locks are taken in one order everywhere (stack, operation, lease, feed), so that nobody waits in a ring.
  await tx
    .select({ id: operations.id })
    .from(operations)
    .where(eq(operations.id, fence.operationId))
    .for("no key update");
  const [held] = await tx
    .select({ token: leases.fencingToken })
    .from(leases)
    .where(and(eq(leases.tenantId, fence.tenantId), eq(leases.fencingToken, fence.token)))
    .for("share");
  if (!held) throw leaseLost(fence);
}

export function leaseLost(fence: Fence): BerthError {
  return new BerthError(
    "lease_lost",
    `Operation ${fence.operationId} was taken over by another worker; this one must stop working on ${fence.tenantId}.`,
  );
}
