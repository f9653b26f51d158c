import { writeAudit } from "../../audit/write.ts";
import type { Queries } from "../../database.ts";
import type { UserContext } from "../context.ts";
import { inTransaction } from "../in-transaction.ts";
import { compose } from "../mail/compose.ts";
import { endOtherSessions } from "../session/end-other-sessions.ts";
import type { Session } from "../session/read-session.ts";
import { checkPassword } from "./check-password.ts";
import { forgetCodes } from "./forget-codes.ts";
import { guardPassword } from "./guarded.ts";
import { lockOwnAccount } from "./lock-account.ts";

/**
 * Sets a new password by the present one, and tells the owner by mail. Every other session of the account ends, and so do its
 * mailed codes. Throws `wrong_password`, `too_many_requests`.
 */
export async function changePassword(
  ctx: UserContext,
  session: Session,
  { current, password }: { current: string; password: string },
): Promise<void> {
  const { db, identity, post, caller } = ctx;
  const { internalAdapter, password: hashes } = await identity.$context;
  const { id } = session.account;
  const change = async (tx: Queries) => {
    const account = await lockOwnAccount(tx, id);
    await checkPassword(ctx, tx, { userId: id, password: current });
    await internalAdapter.updatePassword(id, await hashes.hash(password));
    await endOtherSessions(ctx, tx, session);
    await forgetCodes(tx, id);
    await writeAudit(tx, caller, { action: "account.change-password", target: id });
    await post(compose("passwordChanged", account));
  };
  await guardPassword(ctx, session.account, () => inTransaction(db, change));
}
