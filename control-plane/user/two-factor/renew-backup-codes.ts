import { writeAudit } from "../../audit/write.ts";
import type { Queries } from "../../database.ts";
import { checkPassword } from "../account/check-password.ts";
import { guardPassword, guardSecondFactor } from "../account/guarded.ts";
import { lockOwnAccount } from "../account/lock-account.ts";
import type { UserContext } from "../context.ts";
import { inTransaction } from "../in-transaction.ts";
import { noTwoFactor, refused } from "../refusal.ts";
import type { Session } from "../session/read-session.ts";
import { takeSecondFactor } from "./take-second-factor.ts";

/**
 * Makes new backup codes; the old ones work no more. Throws `wrong_password`, `wrong_code`, `too_many_requests`, or
 * `conflict` when there is no second factor.
 */
export function renewBackupCodes(
  ctx: UserContext,
  { account: { id, email } }: Session,
  { password, code }: { password: string; code: string },
): Promise<string[]> {
  const { db, identity, caller, headers } = ctx;
  const renew = async (tx: Queries) => {
    if (!(await lockOwnAccount(tx, id)).twoFactor) throw noTwoFactor();
    await checkPassword(ctx, tx, { userId: id, password });
    await takeSecondFactor(ctx, tx, id, { code });
    const body = { password };
    const { backupCodes } = await refused(ctx, identity.api.generateBackupCodes({ body, headers }));
    await writeAudit(tx, caller, { action: "two-factor.renew-backup-codes", target: id });
    return backupCodes;
  };
  return guardPassword(ctx, { email }, () => guardSecondFactor(ctx, id, () => inTransaction(db, renew)));
}
