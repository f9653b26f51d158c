import { eq } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import type { Queries } from "../../database.ts";
import { checkPassword } from "../account/check-password.ts";
import { guardPassword, guardSecondFactor } from "../account/guarded.ts";
import { lockOwnAccount } from "../account/lock-account.ts";
import type { UserContext } from "../context.ts";
import { inTransaction } from "../in-transaction.ts";
import { noTwoFactor } from "../refusal.ts";
import { twoFactors } from "../schema.ts";
import type { Session } from "../session/read-session.ts";
import { type SecondFactor, takeSecondFactor } from "./take-second-factor.ts";

/**
 * Removes the second factor, for who has it and the password: a session alone is not enough. Throws `wrong_password`,
 * `wrong_code`, `too_many_requests`, or `conflict` when there is none.
 */
export async function removeTwoFactor(
  ctx: UserContext,
  { account: { id, email } }: Session,
  { password, ...factor }: { password: string } & SecondFactor,
): Promise<void> {
  const { db, identity, caller } = ctx;
  const { internalAdapter } = await identity.$context;
  const remove = async (tx: Queries) => {
    if (!(await lockOwnAccount(tx, id)).twoFactor) throw noTwoFactor();
    await checkPassword(ctx, tx, { userId: id, password });
    await takeSecondFactor(ctx, tx, id, factor as SecondFactor);
    await internalAdapter.updateUser(id, { twoFactorEnabled: false });
    await tx.delete(twoFactors).where(eq(twoFactors.userId, id));
    await writeAudit(tx, caller, { action: "two-factor.remove", target: id });
  };
  await guardPassword(ctx, { email }, () => guardSecondFactor(ctx, id, () => inTransaction(db, remove)));
}
