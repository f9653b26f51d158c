import type { Queries } from "../../database.ts";
import type { UserContext } from "../context.ts";
import { lockAsMember } from "../organizations/lock-organization.ts";
import type { NewKey } from "./key-input.ts";
import { type MadeKey, makeKey } from "./make-key.ts";

/** Makes a key of an organisation, as `tx` commits. Throws `not_found` and `forbidden`. */
export async function createOrganizationKey(
  ctx: UserContext,
  tx: Queries,
  organization: string,
  { tenant, ...input }: NewKey,
): Promise<MadeKey> {
  // Whoever removes or demotes a member locks the organisation, too: a key is not made behind their back.
  const { member } = await lockAsMember(ctx, tx, organization);
  return makeKey(ctx, tx, { ...input, user: member.userId, organization, tenant: tenant ?? null });
}
