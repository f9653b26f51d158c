import { and, eq } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import { notFound } from "../../errors.ts";
import type { UserContext } from "../context.ts";
import { readOrganization } from "../organizations/read-organizations.ts";
import { apiKeys } from "../schema.ts";
import { ofOwner } from "./read-keys.ts";

/** Revokes a key of an organisation, or of the staff (null): it is refused from then on. Throws `not_found`, `forbidden`. */
export async function revokeKey(
  ctx: UserContext,
  { organization, key }: { organization: string | null; key: string },
): Promise<void> {
  if (organization !== null) await readOrganization(ctx, organization);
  await ctx.scoped.transaction(async (tx) => {
    const [gone] = await tx
      .delete(apiKeys)
      .where(and(eq(apiKeys.id, key), ofOwner(organization)))
      .returning({ name: apiKeys.name, scope: apiKeys.scope, tenant: apiKeys.tenantId });
    if (!gone) throw notFound(`key "${key}"`);
    await writeAudit(tx, ctx.caller, {
      action: "key.revoke",
      target: key,
      tenantId: gone.tenant,
      organizationId: organization,
      before: { organization, ...gone },
    });
  });
}
