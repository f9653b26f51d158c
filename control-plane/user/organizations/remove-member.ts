import { writeAudit } from "../../audit/write.ts";
import { notFound } from "../../errors.ts";
import type { UserContext } from "../context.ts";
import { endMembership } from "./end-membership.ts";
import { lockAsMember, mustBeOwner, readMember } from "./lock-organization.ts";

/** Ends somebody's membership. Throws `not_found`, `forbidden`, `last_owner`. */
export async function removeMember(
  ctx: UserContext,
  { organization, user }: { organization: string; user: string },
): Promise<void> {
  await ctx.scoped.transaction(async (tx) => {
    const { member: me } = await lockAsMember(ctx, tx, organization);
    const member = await readMember(tx, organization, user);
    if (!member) throw notFound(`member ${user} of this organisation`);
    if (member.role === "owner") mustBeOwner(me);
    const before = await endMembership(tx, ctx.caller, member);
    await writeAudit(tx, ctx.caller, {
      action: "member.remove",
      target: user,
      organizationId: organization,
      before,
    });
  });
}
