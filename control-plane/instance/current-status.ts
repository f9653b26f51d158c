import { and, desc, eq, gt, inArray, ne, or, sql } from "drizzle-orm";
import type { Queries } from "../database.ts";
import { operations } from "./schema.ts";
import { type StackStatus, stackStatusDuring } from "./stack-status.ts";

/**
 * Status of a stack as its operations tell: what the next open one is about to do, or else what the ended ones have
 * left. Call it under the stack's lock, after the operation's own row was written.
 */
export async function currentStatus(tx: Queries, tenantId: string): Promise<StackStatus> {
  const [next] = await tx
    .select({ kind: operations.kind })
    .from(operations)
    .where(
      and(
        eq(operations.tenantId, tenantId),
        inArray(operations.status, ["queued", "running"]),
        ne(operations.kind, "check"),
      ),
    )
    .orderBy(operations.seq)
    .limit(1);
  return next && next.kind !== "check" ? stackStatusDuring(next.kind) : settledStatus(tx, tenantId);
}

/** What was applied last decides, and whether Odoo came back from the restarts after it. */
async function settledStatus(tx: Queries, tenantId: string): Promise<StackStatus> {
  const [applied] = await tx
    .select({ kind: operations.kind, status: operations.status, seq: operations.seq })
    .from(operations)
    .where(
      and(
        eq(operations.tenantId, tenantId),
        inArray(operations.kind, ["create", "change", "destroy"]),
        // What was cancelled before anybody claimed it changed nothing.
        or(
          inArray(operations.status, ["succeeded", "failed"]),
          and(eq(operations.status, "cancelled"), gt(operations.attempt, 0)),
        ),
      ),
    )
    .orderBy(desc(operations.seq))
    .limit(1);
  if (applied?.status !== "succeeded") return "failed";
  if (applied.kind === "destroy") return "gone";
  const [restart] = await tx
    .select({ status: operations.status })
    .from(operations)
    .where(
      and(
        eq(operations.tenantId, tenantId),
        eq(operations.kind, "restart"),
        gt(operations.seq, applied.seq),
        // One that met an engine that was away says nothing about Odoo.
        or(
          eq(operations.status, "succeeded"),
          and(
            eq(operations.status, "failed"),
            sql`${operations.error}->>'code' is distinct from 'outside_unavailable'`,
          ),
        ),
      ),
    )
    .orderBy(desc(operations.seq))
    .limit(1);
  return restart?.status === "failed" ? "failed" : "ready";
}
