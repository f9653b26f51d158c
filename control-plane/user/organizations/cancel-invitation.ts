import { and, eq } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import { notFound } from "../../errors.ts";
import type { UserContext } from "../context.ts";
import { invitations } from "../schema.ts";
import { lockAsMember } from "./lock-organization.ts";

/** Takes an invitation back that nobody has answered. Throws `not_found`, `forbidden`. */
export async function cancelInvitation(
  ctx: UserContext,
  { organization, invitation }: { organization: string; invitation: string },
): Promise<void> {
  await ctx.scoped.transaction(async (tx) => {
    await lockAsMember(ctx, tx, organization);
    const [row] = await tx
      .update(invitations)
      .set({ status: "canceled" })
      .where(
        and(
          eq(invitations.id, invitation),
          eq(invitations.organizationId, organization),
          eq(invitations.status, "pending"),
        ),
      )
      .returning();
    if (!row) throw notFound(`invitation ${invitation} of this organisation that waits for an answer`);
    const { email, role } = row;
    await writeAudit(tx, ctx.caller, {
      action: "invitation.cancel",
      target: invitation,
      organizationId: organization,
      before: { organization, email, role, status: "pending" },
      after: { status: row.status },
    });
  });
}
