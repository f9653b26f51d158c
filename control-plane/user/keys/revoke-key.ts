import { and, eq } from "drizzle-orm";
import { mustHaveRole } from "../../access/access.ts";
import { writeAudit } from "../../audit/write.ts";
import { notFound } from "../../errors.ts";
import type { UserContext } from "../context.ts";
import { apiKeys } from "../schema.ts";
import { mustSeeOrganization } from "./must-see-organization.ts";
import { ofOwner } from "./read-keys.ts";

/** Revokes a key of an organisation, or of the staff (null): it is refused from then on. Throws `not_found`, `forbidden`. */
export async function revokeKey(
  { scoped, caller }: UserContext,
  { organization, key }: { organization: string | null; key: string },
): Promise<void> {
  if (organization !== null) await mustSeeOrganization(scoped, organization);
  mustHaveRole(caller, organization);
  await scoped.transaction(async (tx) => {
    const [gone] = await tx
      .delete(apiKeys)
      .where(and(eq(apiKeys.id, key), ofOwner(organization)))
      .returning({ name: apiKeys.name, scope: apiKeys.scope, tenant: apiKeys.tenantId });
    if (!gone) throw notFound(`key "${key}"`);
    await writeAudit(tx, caller, {
      action: "key.revoke",
      target: key,
      tenantId: gone.tenant,
      before: { organization, ...gone },
    });
  });
}
