import { eq } from "drizzle-orm";
import type { Role } from "../../access/roles.ts";
import { writeAudit } from "../../audit/write.ts";
import { notFound } from "../../errors.ts";
import type { UserContext } from "../context.ts";
import { members } from "../schema.ts";
import { keepOwner } from "./keep-owner.ts";
import { lockAsMember, mustBeOwner, readMember } from "./lock-organization.ts";

/** Gives a member another role. Throws `not_found`, `forbidden`, `last_owner`. */
export async function changeMemberRole(
  ctx: UserContext,
  { organization, user, role }: { organization: string; user: string; role: Role },
): Promise<{ role: Role }> {
  return ctx.scoped.transaction(async (tx) => {
    const { member: me } = await lockAsMember(ctx, tx, organization);
    const member = await readMember(tx, organization, user);
    if (!member) throw notFound(`member ${user} of this organisation`);
    if (member.role === role) return { role };
    if (member.role === "owner" || role === "owner") mustBeOwner(me);
    await keepOwner(tx, member);
    await tx.update(members).set({ role }).where(eq(members.id, member.id));
    await writeAudit(tx, ctx.caller, {
      action: "member.change-role",
      target: user,
      organizationId: organization,
      before: { organization, role: member.role },
      after: { organization, role },
    });
    return { role };
  });
}
