import { eq } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import type { UserContext } from "../context.ts";
import { inTransaction } from "../in-transaction.ts";
import { codeExpired, refused } from "../refusal.ts";
import { sessions } from "../schema.ts";
import { forgetCodes } from "./forget-codes.ts";
import { lockAccount } from "./lock-account.ts";

/**
 * Sets a new password by the code that was mailed, and tells the owner. All of it or nothing: the code is used up, every
 * session of the account ends, and so do its other codes. Its second factor stays. Failed sign-ins before it count no more:
 * whoever did this reads the account's mail.
 */
export async function resetPassword(
  { db, identity, caller, failures }: UserContext,
  { code, password }: { code: string; password: string },
): Promise<void> {
  const { internalAdapter } = await identity.$context;
  const body = { token: code, newPassword: password };
  const { email } = await inTransaction(db, async (tx) => {
    const sent = await internalAdapter.findVerificationValue(`reset-password:${code}`);
    const account = sent && (await lockAccount(tx, sent.value));
    if (!account) throw codeExpired();
    await refused({ db }, identity.api.resetPassword({ body }));
    // better-auth has ended those of the account; in these it acts as somebody else.
    await tx.delete(sessions).where(eq(sessions.impersonatedBy, account.id));
    await forgetCodes(tx, account.id);
    await writeAudit(tx, caller, { action: "account.reset-password", target: account.id });
    return account;
  });
  await failures.forgive({ kind: "password", account: email, origin: caller.origin });
}
