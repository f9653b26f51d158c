import { and, eq, inArray } from "drizzle-orm";
import { mustHaveRole } from "../access/access.ts";
import type { Caller } from "../audit/write.ts";
import type { Queries } from "../database.ts";
import { BerthError } from "../errors.ts";
import { findTenant } from "./find-tenant.ts";
import { lockStack, type StackRow } from "./read-stack.ts";
import { operations } from "./schema.ts";

/**
 * The stack of a tenant on which nothing is under way, locked.
 * Throws `not_found`, `forbidden`, `tenant_deleting`, `operation_in_progress`.
 */
export async function lockIdleStack(tx: Queries, caller: Caller, tenant: string): Promise<StackRow> {
  const stack = await lockStack(tx, await findTenant(tx, tenant));
  mustHaveRole(caller, stack.organizationId);
  if (stack.desired === "absent") throw new BerthError("tenant_deleting", "The tenant is being deleted.");
  const [open] = await tx
    .select({ id: operations.id, kind: operations.kind })
    .from(operations)
    .where(and(eq(operations.tenantId, stack.tenantId), inArray(operations.status, ["queued", "running"])))
    .limit(1);
  if (open) {
    throw new BerthError(
      "operation_in_progress",
      `Operation ${open.id} (${open.kind}) is in progress; try again once it has ended.`,
    );
  }
  return stack;
}
