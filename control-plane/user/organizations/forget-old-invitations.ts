import { lt, sql } from "drizzle-orm";
import { workerCaller, writeAudit } from "../../audit/write.ts";
import { inOnce, type Queries } from "../../database.ts";
import { inBatches } from "../../in-batches.ts";
import { invitations } from "../schema.ts";

/** Removes invitations that nobody could take any more for 30 days, whether they were answered or not. */
export async function forgetOldInvitations(db: Queries): Promise<void> {
  await inBatches((most) =>
    db.transaction(async (tx) => {
      const old = tx
        .select({ id: invitations.id })
        .from(invitations)
        .where(lt(invitations.expiresAt, sql`now() - interval '30 days'`))
        .limit(most)
        .for("update", { skipLocked: true });
      const { id, organizationId, status } = invitations;
      const gone = await tx
        .delete(invitations)
        .where(inOnce(id, old))
        .returning({ id, organizationId, status });
      for (const { id: target, organizationId: organization, status: had } of gone)
        await writeAudit(tx, workerCaller("tidy"), {
          action: "invitation.forget",
          target,
          organizationId: organization,
          before: { status: had },
        });
      return gone.length;
    }),
  );
}
