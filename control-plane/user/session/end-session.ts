import { and, eq } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import { notFound } from "../../errors.ts";
import type { UserContext } from "../context.ts";
import { inTransaction } from "../in-transaction.ts";
import { sessions } from "../schema.ts";
import type { Session } from "./read-session.ts";

/** Ends one of the caller's sessions. Throws `not_found`, for another's too. */
export async function endSession(
  { db, identity, caller }: UserContext,
  { account }: Session,
  id: string,
): Promise<void> {
  const { internalAdapter } = await identity.$context;
  await inTransaction(db, async (tx) => {
    const [session] = await tx
      .select({ token: sessions.token })
      .from(sessions)
      .where(and(eq(sessions.id, id), eq(sessions.userId, account.id)))
      .for("update");
    if (!session) throw notFound(`session ${id} of yours`);
    await internalAdapter.deleteSession(session.token);
    await writeAudit(tx, caller, { action: "session.end", target: account.id, before: { session: id } });
  });
}
