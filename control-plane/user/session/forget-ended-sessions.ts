import { lt, sql } from "drizzle-orm";
import { inOnce, type Queries } from "../../database.ts";
import { inBatches } from "../../in-batches.ts";
import { sessions } from "../schema.ts";

/** Removes sessions that ended by themselves more than a day ago. */
export async function forgetEndedSessions(db: Queries): Promise<void> {
  await inBatches(async (most) => {
    const ended = db
      .select({ id: sessions.id })
      .from(sessions)
      .where(lt(sessions.expiresAt, sql`now() - interval '1 day'`))
      .limit(most)
      .for("update", { skipLocked: true });
    const { rowCount } = await db.delete(sessions).where(inOnce(sessions.id, ended));
    return rowCount;
  });
}
