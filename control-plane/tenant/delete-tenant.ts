import { eq, sql } from "drizzle-orm";
import { mustHaveRole } from "../access/access.ts";
import { writeAudit } from "../audit/write.ts";
import { newId } from "../ids.ts";
import { noteIds } from "../observability/ids.ts";
import type { TenantContext } from "./context.ts";
import { lockTenant } from "./read-tenants.ts";
import { outbox, specs, tenants } from "./schema.ts";
import type { TenantRow } from "./tenant-view.ts";

/**
 * Asks for a tenant's end, whatever it is doing now. While it is being deleted, asking again gives
 * the operation that does it; after one that failed, a new one is made. Throws `not_found`, `forbidden`.
 */
export async function deleteTenant(ctx: TenantContext, { slug }: { slug: string }): Promise<TenantRow> {
  return ctx.db.transaction(async (tx) => {
    const before = await lockTenant(tx, slug);
    mustHaveRole(ctx.caller, before.organizationId);
    noteIds({ operationId: before.operationId, tenant: before.id });
    if (before.status === "deleting") return before;
    const revision = before.revision + 1;
    const [after] = await tx
      .update(tenants)
      .set({
        status: "deleting",
        revision,
        version: before.version + 1,
        operationId: newId("op"),
        operationKind: "destroy",
        operationStatus: "queued",
        operationError: null,
        updatedAt: sql`now()`,
      })
      .where(eq(tenants.id, before.id))
      .returning();
    if (!after) throw new Error(`Tenant ${before.id} vanished while it was locked.`);
    noteIds({ operationId: after.operationId });
    await tx.insert(specs).values({ tenantId: before.id, revision, spec: null });
    await writeAudit(tx, ctx.caller, {
      action: "tenant.delete",
      target: before.id,
      tenantId: before.id,
      before: { slug: before.slug, name: before.name, status: before.status },
      after: { status: after.status, operation: after.operationId },
    });
    await tx.insert(outbox).values({
      tenantId: before.id,
      requestId: ctx.caller.requestId,
      request: {
        desired: "absent",
        organization: before.organizationId,
        operation: after.operationId,
        revision,
        slug: before.slug,
        actor: ctx.caller.actor,
      },
    });
    return after;
  });
}
