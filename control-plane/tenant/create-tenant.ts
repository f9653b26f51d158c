import { and, eq, ne, sql } from "drizzle-orm";
import { firstInstance } from "../../stacks/tenant/names.ts";
import { writeAudit } from "../audit/write.ts";
import { inOnce, type Queries, violatedUnique } from "../database.ts";
import { BerthError } from "../errors.ts";
import { newId } from "../ids.ts";
import type { StackSpec } from "../instance/client.ts";
import { noteIds } from "../observability/ids.ts";
import type { CheckOdoo } from "./catalogue.ts";
import { chooseOrganization, type FindOrganization, refuseClosed } from "./choose-organization.ts";
import type { TenantContext } from "./context.ts";
import { type AdminPassword, adminPassword } from "./password.ts";
import { outbox, reserve, specs, tenants } from "./schema.ts";
import type { NewTenant } from "./tenant-input.ts";
import type { TenantRow } from "./tenant-view.ts";

export interface PreparedTenant {
  input: NewTenant;
  organizationId: string;
  password: AdminPassword;
}

/**
 * What takes time and changes nothing: whose it will be is settled, modules, language and country are checked, the
 * password is hashed.
 */
export async function prepareTenant(
  { caller }: Pick<TenantContext, "caller">,
  deps: { checkOdoo: CheckOdoo; findOrganization: FindOrganization },
  input: NewTenant,
): Promise<PreparedTenant> {
  const organizationId = await chooseOrganization(caller, input.organization, deps.findOrganization);
  await deps.checkOdoo(input.odoo);
  return { input, organizationId, password: await adminPassword(input.admin.password) };
}

/**
 * Writes a new tenant, what it should be, and the request to the instance service, in one
 * transaction. Throws `slug_taken`, or `tenant_deleting` while the last owner of the slug is being deleted.
 */
export async function createTenant(ctx: TenantContext, prepared: PreparedTenant): Promise<TenantRow> {
  const { input, organizationId, password } = prepared;
  try {
    return await ctx.db.transaction(async (tx) => {
      await refuseClosed(tx, organizationId);
      await refuseTaken(tx, input.slug);
      const { host, url } = ctx.addressOf(input.slug);
      const spec: StackSpec = {
        version: 1,
        company: input.name,
        admin: { email: input.admin.email },
        odoo: {
          ...input.odoo,
          modules: [...new Set(input.odoo.modules)],
          country: input.odoo.country ?? null,
        },
        instances: { [firstInstance]: { hosts: [host], baseUrl: url } },
      };
      const [tenant] = await tx
        .insert(tenants)
        .values({
          id: (await takeReserved(tx)) ?? newId("ten"),
          organizationId,
          slug: input.slug,
          name: input.name,
          url,
          adminEmail: input.admin.email,
          revision: 1,
          operationId: newId("op"),
          operationKind: "create",
        })
        .returning();
      if (!tenant) throw new Error("The new tenant's row did not come back.");
      noteIds({ operationId: tenant.operationId, tenant: tenant.id });
      await tx.insert(specs).values({ tenantId: tenant.id, revision: 1, spec });
      await writeAudit(tx, ctx.caller, {
        action: "tenant.create",
        target: tenant.id,
        tenantId: tenant.id,
        after: {
          organization: organizationId,
          slug: tenant.slug,
          name: tenant.name,
          spec,
          operation: tenant.operationId,
        },
      });
      await tx.insert(outbox).values({
        tenantId: tenant.id,
        requestId: ctx.caller.requestId,
        request: {
          desired: "present",
          organization: organizationId,
          operation: tenant.operationId,
          revision: 1,
          slug: tenant.slug,
          spec,
          adminPasswordHash: password.hash,
          actor: ctx.caller.actor,
        },
      });
      return tenant;
    });
  } catch (error) {
    if (violatedUnique(error) === "tenants_slug") throw slugTaken(input.slug);
    throw error;
  }
}

async function refuseTaken(tx: Queries, slug: string): Promise<void> {
  const [other] = await tx
    .select({ status: tenants.status, operationId: tenants.operationId })
    .from(tenants)
    .where(and(eq(tenants.slug, slug), ne(tenants.status, "deleted")));
  if (other?.status === "deleting") {
    throw new BerthError(
      "tenant_deleting",
      `The tenant that had the slug "${slug}" is still being deleted. Try again once operation ${other.operationId} has ended.`,
    );
  }
  if (other) throw slugTaken(slug);
}

function slugTaken(slug: string): BerthError {
  return new BerthError(
    "slug_taken",
    `There is a tenant with the slug "${slug}" already; choose another one.`,
  );
}

/** An id whose stack is initialised already; a rolled back transaction puts it back. */
async function takeReserved(tx: Queries): Promise<string | undefined> {
  const oldest = tx
    .select({ tenantId: reserve.tenantId })
    .from(reserve)
    .orderBy(sql`${reserve.addedAt}, ${reserve.tenantId}`)
    .limit(1)
    .for("update", { skipLocked: true });
  const [taken] = await tx.delete(reserve).where(inOnce(reserve.tenantId, oldest)).returning();
  return taken?.tenantId;
}
