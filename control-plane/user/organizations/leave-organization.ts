import { writeAudit } from "../../audit/write.ts";
import type { UserContext } from "../context.ts";
import { endMembership } from "./end-membership.ts";
import { lockAsMember } from "./lock-organization.ts";

/** Ends the caller's own membership. Throws `not_found`, `last_owner`. */
export async function leaveOrganization(ctx: UserContext, organization: string): Promise<void> {
  await ctx.scoped.transaction(async (tx) => {
    const { member } = await lockAsMember(ctx, tx, organization);
    const before = await endMembership(tx, ctx.caller, member);
    await writeAudit(tx, ctx.caller, {
      action: "member.leave",
      target: member.userId,
      organizationId: organization,
      before,
    });
  });
}
