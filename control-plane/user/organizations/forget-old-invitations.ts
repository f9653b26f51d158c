import { lt, sql } from "drizzle-orm";
import { inOnce, type Queries } from "../../database.ts";
import { inBatches } from "../../in-batches.ts";
import { invitations } from "../schema.ts";

/** Removes invitations that nobody could take any more for 30 days, whether they were answered or not. */
export async function forgetOldInvitations(db: Queries): Promise<void> {
  await inBatches(async (most) => {
    const old = db
      .select({ id: invitations.id })
      .from(invitations)
      .where(lt(invitations.expiresAt, sql`now() - interval '30 days'`))
      .limit(most)
      .for("update", { skipLocked: true });
    const { rowCount } = await db.delete(invitations).where(inOnce(invitations.id, old));
    return rowCount;
  });
}
