import { writeAudit } from "../../audit/write.ts";
import type { UserContext } from "../context.ts";
import { inTransaction } from "../in-transaction.ts";

/** Ends a session. better-auth's own sign-out says that it did when it could not. */
export async function signOut(
  { db, identity, caller }: UserContext,
  session: { token: string; account: { id: string } },
): Promise<void> {
  const { internalAdapter } = await identity.$context;
  await inTransaction(db, async (tx) => {
    await internalAdapter.deleteSession(session.token);
    await writeAudit(tx, caller, { action: "session.end", target: session.account.id });
  });
}
