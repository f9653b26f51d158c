import { eq } from "drizzle-orm";
import type { Role } from "../../access/roles.ts";
import { writeAudit } from "../../audit/write.ts";
import { BerthError } from "../../errors.ts";
import type { UserContext } from "../context.ts";
import { personOf } from "../person-of.ts";
import { invitations } from "../schema.ts";
import { addMember } from "./add-member.ts";
import { expired, lockMyInvitation } from "./lock-my-invitation.ts";
import { readMember } from "./lock-organization.ts";

/** Makes the caller a member. Throws `not_found`, `code_expired`, `already_member`, `conflict`. */
export async function acceptInvitation(
  ctx: UserContext,
  id: string,
): Promise<{ organization: { id: string; name: string }; role: Role }> {
  const userId = personOf(ctx.caller);
  return ctx.db.transaction(async (tx) => {
    const { organization, invitation, isOpen } = await lockMyInvitation(tx, { id, user: userId });
    const { organizationId, role } = invitation;
    if (!isOpen) throw expired();
    if (await readMember(tx, organizationId, userId)) {
      throw new BerthError("already_member", "You are a member of this organisation already.");
    }
    await tx.update(invitations).set({ status: "accepted" }).where(eq(invitations.id, id));
    await addMember({ ...ctx, db: tx }, { organizationId, userId, role });
    await writeAudit(tx, ctx.caller, {
      action: "invitation.accept",
      target: id,
      organizationId,
      before: { status: invitation.status },
      after: { status: "accepted", organization: organizationId, account: userId, role },
    });
    return { organization: { id: organizationId, name: organization.name }, role };
  });
}
