import { writeAudit } from "../audit/write.ts";
import type { UserContext } from "./context.ts";

/** Ends a session. better-auth's own sign-out says that it did when it could not. */
export async function signOut(
  { db, identity, caller }: UserContext,
  session: Pick<Session, "token" | "account">,
): Promise<void> {
  await (await identity.$context).internalAdapter.deleteSession(session.token);
  await writeAudit(db, caller, { action: "session.end", target: session.account.id });
}
