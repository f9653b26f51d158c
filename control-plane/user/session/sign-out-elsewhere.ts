import { writeAudit } from "../../audit/write.ts";
import { lockOwnAccount } from "../account/lock-account.ts";
import type { UserContext } from "../context.ts";
import { inTransaction } from "../in-transaction.ts";
import { endOtherSessions } from "./end-other-sessions.ts";
import type { Session } from "./read-session.ts";

/** Signs out everywhere else. */
export async function signOutElsewhere(ctx: UserContext, session: Session): Promise<void> {
  const { id } = session.account;
  await inTransaction(ctx.db, async (tx) => {
    await lockOwnAccount(tx, id);
    const ended = await endOtherSessions(ctx, tx, session);
    await writeAudit(tx, ctx.caller, {
      action: "session.end-others",
      target: id,
      before: { sessions: ended },
    });
  });
}
