import { eq } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import type { UserContext } from "../context.ts";
import { personOf } from "../person-of.ts";
import { invitations } from "../schema.ts";
import { lockMyInvitation } from "./lock-my-invitation.ts";

/** Answers an invitation with no. Throws `not_found`, `code_expired`. */
export async function declineInvitation({ db, caller }: UserContext, id: string): Promise<void> {
  await db.transaction(async (tx) => {
    const { invitation } = await lockMyInvitation(tx, { id, user: personOf(caller) });
    await tx.update(invitations).set({ status: "rejected" }).where(eq(invitations.id, id));
    await writeAudit(tx, caller, {
      action: "invitation.decline",
      target: id,
      organizationId: invitation.organizationId,
      before: { status: invitation.status, organization: invitation.organizationId },
      after: { status: "rejected" },
    });
  });
}
