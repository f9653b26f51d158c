import { eq, sql } from "drizzle-orm";
import { mustHaveRole } from "../access/access.ts";
import { writeAudit } from "../audit/write.ts";
import { BerthError } from "../errors.ts";
import { noteIds } from "../observability/ids.ts";
import type { TenantContext } from "./context.ts";
import { lockTenant } from "./read-tenants.ts";
import { tenants } from "./schema.ts";
import type { TenantChange } from "./tenant-input.ts";
import { etag, type TenantRow } from "./tenant-view.ts";

/**
 * Changes a tenant's name. It is Berth's name for the tenant; the company inside Odoo is the tenant's own affair.
 * @param input.ifMatch the ETag the caller saw; `precondition_failed` when it is another one now
 */
export async function changeTenant(
  ctx: TenantContext,
  input: { slug: string; change: TenantChange; ifMatch?: string },
): Promise<TenantRow> {
  return ctx.db.transaction(async (tx) => {
    const before = await lockTenant(tx, input.slug);
    noteIds({ tenant: before.id });
    mustHaveRole(ctx.caller, before.organizationId);
    if (input.ifMatch !== undefined && !matches(input.ifMatch, etag(before))) {
      throw new BerthError(
        "precondition_failed",
        `The tenant was changed since you read it: its ETag is ${etag(before)} now. Read it again and repeat the change.`,
      );
    }
    if (before.status === "deleting") {
      throw new BerthError("tenant_deleting", "The tenant is being deleted and cannot be changed.");
    }
    if (before.name === input.change.name) return before;
    const [after] = await tx
      .update(tenants)
      .set({ name: input.change.name, version: before.version + 1, updatedAt: sql`now()` })
      .where(eq(tenants.id, before.id))
      .returning();
    if (!after) throw new Error(`Tenant ${before.id} vanished while it was locked.`);
    await writeAudit(tx, ctx.caller, {
      action: "tenant.change",
      target: before.id,
      tenantId: before.id,
      before: { name: before.name },
      after: { name: after.name },
    });
    return after;
  });
}

/** `If-Match` may be "*" or a list; a weak tag never matches. */
function matches(ifMatch: string, tag: string): boolean {
  return ifMatch.split(",").some((one) => one.trim() === "*" || one.trim() === tag);
}
