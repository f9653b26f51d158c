import { and, eq, ne, sql } from "drizzle-orm";
import { mustHaveRole } from "../access/access.ts";
import { writeAudit } from "../audit/write.ts";
import { BerthError, isBerthError, notFound } from "../errors.ts";
import { type FindOrganization, organizationLock } from "./choose-organization.ts";
import type { TenantContext } from "./context.ts";
import { closedOrganizations, tenants } from "./schema.ts";

/** Deletes an organisation in the user service, for the actor who asked. Throws `not_found`. */
export type ForgetOrganization = (id: string, actor: string, requestId: string) => Promise<void>;

/** Slugs that a refusal names. */
const namedAtMost = 5;

/**
 * Deletes an organisation that has no tenants. It is closed first, so that it gets none any more, then the user service is
 * asked; if that does not come to an end, the organisation stays closed and the same request finishes it.
 * Throws `not_found`, `forbidden`, `organization_in_use`, `service_unavailable`.
 */
export async function deleteOrganization(
  ctx: TenantContext,
  deps: { findOrganization: FindOrganization; forgetOrganization: ForgetOrganization },
  id: string,
): Promise<void> {
  const { rights, actor, requestId } = ctx.caller;
  const isThere = id in rights.roles || (rights.everywhere !== null && (await deps.findOrganization(id)));
  if (!isThere) throw notFound(`organisation ${id}`);
  mustHaveRole(ctx.caller, id);
  await closeOrganization(ctx, id);
  await deps.forgetOrganization(id, actor, requestId).catch((cause) => {
    if (isBerthError(cause, "not_found")) throw cause;
    throw new BerthError(
      "service_unavailable",
      `Organisation ${id} gets no tenants any more, but could not be deleted yet. Repeat this request in a few seconds.`,
      { headers: { "Retry-After": "2" }, cause },
    );
  });
}

/** Whoever makes a tenant of it at this moment is waited for, and counts; whoever comes later is refused. */
async function closeOrganization({ db, caller }: TenantContext, id: string): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(${organizationLock(id)})`);
    const owned = await tx
      .select({ slug: tenants.slug })
      .from(tenants)
      .where(and(eq(tenants.organizationId, id), ne(tenants.status, "deleted")))
      .orderBy(tenants.seq);
    if (owned.length > 0) throw inUse(owned.map(({ slug }) => slug));
    const [closed] = await tx
      .insert(closedOrganizations)
      .values({ organizationId: id })
      .onConflictDoNothing()
      .returning();
    if (closed)
      await writeAudit(tx, caller, { action: "organization.close", target: id, organizationId: id });
  });
}

function inUse(slugs: string[]): BerthError {
  const more = slugs.length > namedAtMost ? ", ..." : "";
  const tenants = slugs.length === 1 ? "1 tenant" : `${slugs.length} tenants`;
  return new BerthError(
    "organization_in_use",
    `The organisation has ${tenants} (${slugs.slice(0, namedAtMost).join(", ")}${more}). Delete them first, and wait until they are gone.`,
  );
}
