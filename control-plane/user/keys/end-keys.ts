import { and, eq } from "drizzle-orm";
import { type Caller, writeAudit } from "../../audit/write.ts";
import type { Queries } from "../../database.ts";
import { apiKeys } from "../schema.ts";
import { ofOwner } from "./read-keys.ts";

/**
 * Revokes what somebody made for an organisation, or as one of the staff (null), in the transaction that ends what they
 * were: coming back later, they do not find their old keys at work. Gives their ids.
 */
export async function endKeys(
  tx: Queries,
  caller: Caller,
  { user, organization }: { user: string; organization: string | null },
): Promise<string[]> {
  const gone = await tx
    .delete(apiKeys)
    .where(and(eq(apiKeys.referenceId, user), ofOwner(organization)))
    .returning({ id: apiKeys.id, name: apiKeys.name, scope: apiKeys.scope, tenant: apiKeys.tenantId });
  for (const { id, ...before } of gone) {
    await writeAudit(tx, caller, {
      action: "key.revoke",
      target: id,
      tenantId: before.tenant,
      organizationId: organization,
      before: { organization, ...before },
    });
  }
  return gone.map(({ id }) => id);
}
