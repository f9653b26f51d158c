import { eq } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import type { Queries } from "../../database.ts";
import { BerthError } from "../../errors.ts";
import { checkPassword } from "../account/check-password.ts";
import { guardPassword } from "../account/guarded.ts";
import { lockOwnAccount } from "../account/lock-account.ts";
import type { UserContext } from "../context.ts";
import { inTransaction } from "../in-transaction.ts";
import { refused } from "../refusal.ts";
import { twoFactors } from "../schema.ts";
import type { Session } from "../session/read-session.ts";

/** What an authenticator is set up with, shown once. */
export interface NewTwoFactor {
  /** `otpauth://totp/...`, to be shown as a picture. */
  uri: string;
  /** The same secret to be typed, in base32. */
  secret: string;
  backupCodes: string[];
}

/**
 * Makes a second factor, which is not asked for before it is confirmed; until then it may be begun anew. Throws
 * `wrong_password`, `too_many_requests`, or `conflict` when there is one already.
 */
export function beginTwoFactor(
  ctx: UserContext,
  { account: { id, email } }: Session,
  password: string,
): Promise<NewTwoFactor> {
  const { db, identity, caller, headers } = ctx;
  const begin = async (tx: Queries) => {
    const account = await lockOwnAccount(tx, id);
    if (account.twoFactor) {
      throw new BerthError(
        "conflict",
        "There is a second factor already. Remove it before you set up another one: DELETE /user/v1/two-factor",
      );
    }
    await checkPassword(ctx, tx, { userId: id, password });
    const made = await refused(ctx, identity.api.enableTwoFactor({ body: { password }, headers }));
    if (made.method !== "totp") throw new Error("A second factor of another kind was made.");
    await tx
      .update(twoFactors)
      .set({ usedStep: 0, failedVerificationCount: 0, lockedUntil: null })
      .where(eq(twoFactors.userId, id));
    await writeAudit(tx, caller, { action: "two-factor.begin", target: id });
    const secret = new URL(made.totpURI).searchParams.get("secret") ?? "";
    return { uri: made.totpURI, secret, backupCodes: made.backupCodes };
  };
  return guardPassword(ctx, { email }, () => inTransaction(db, begin));
}
