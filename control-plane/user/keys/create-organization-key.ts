import { and, eq } from "drizzle-orm";
import { mustHaveRole } from "../../access/access.ts";
import { isEnough } from "../../access/roles.ts";
import type { Queries } from "../../database.ts";
import { BerthError, notFound } from "../../errors.ts";
import type { UserContext } from "../context.ts";
import { members, organizations } from "../schema.ts";
import type { NewKey } from "./key-input.ts";
import { type MadeKey, makeKey } from "./make-key.ts";
import { mustSeeOrganization } from "./must-see-organization.ts";

/** What an organisation's key takes: at least this role, when it is made. */
const needed = "admin";

/** Makes a key of an organisation, as `tx` commits. Throws `not_found` and `forbidden`. */
export async function createOrganizationKey(
  ctx: UserContext,
  tx: Queries,
  organization: string,
  { tenant, ...input }: NewKey,
): Promise<MadeKey> {
  const { caller, scoped } = ctx;
  await mustSeeOrganization(scoped, organization);
  mustHaveRole(caller, organization);
  const user = caller.user ?? "";
  // Whoever removes or demotes a member locks the organisation, too: a key is not made behind their back.
  const [there] = await tx
    .select({ id: organizations.id })
    .from(organizations)
    .where(eq(organizations.id, organization))
    .for("no key update");
  if (!there) throw notFound(`organisation "${organization}"`);
  const [member] = await tx
    .select({ role: members.role })
    .from(members)
    .where(and(eq(members.organizationId, organization), eq(members.userId, user)));
  if (!member || !isEnough(member.role, needed)) {
    throw new BerthError("forbidden", "Your role in this organisation has just been changed.");
  }
  return makeKey(ctx, tx, { ...input, user, organization, tenant: tenant ?? null });
}
