import { eq } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import type { Queries } from "../../database.ts";
import { BerthError } from "../../errors.ts";
import { guardSecondFactor } from "../account/guarded.ts";
import { lockOwnAccount } from "../account/lock-account.ts";
import type { UserContext } from "../context.ts";
import { inTransaction } from "../in-transaction.ts";
import { twoFactors } from "../schema.ts";
import { endOtherSessions } from "../session/end-other-sessions.ts";
import type { Session } from "../session/read-session.ts";
import { takeSecondFactor } from "./take-second-factor.ts";

/**
 * Shows that the authenticator is set up: from now on it is asked for, and what was signed in without it ends, but for the
 * session that does this. Throws `wrong_code`, `too_many_requests`, or `conflict` when none was begun or one is there.
 */
export async function confirmTwoFactor(ctx: UserContext, session: Session, code: string): Promise<void> {
  const { db, identity, caller } = ctx;
  const { internalAdapter } = await identity.$context;
  const { id } = session.account;
  const confirm = async (tx: Queries) => {
    const account = await lockOwnAccount(tx, id);
    const [begun] = await tx.select({ id: twoFactors.id }).from(twoFactors).where(eq(twoFactors.userId, id));
    if (account.twoFactor || !begun) {
      throw new BerthError(
        "conflict",
        account.twoFactor
          ? "The second factor is confirmed already."
          : "There is nothing to confirm. Begin with POST /user/v1/two-factor",
      );
    }
    await takeSecondFactor(ctx, tx, id, { code });
    await tx.update(twoFactors).set({ verified: true }).where(eq(twoFactors.id, begun.id));
    await internalAdapter.updateUser(id, { twoFactorEnabled: true });
    await endOtherSessions(ctx, tx, session);
    await writeAudit(tx, caller, { action: "two-factor.confirm", target: id });
  };
  await guardSecondFactor(ctx, id, () => inTransaction(db, confirm));
}
