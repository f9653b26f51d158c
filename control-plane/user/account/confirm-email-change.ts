import { writeAudit } from "../../audit/write.ts";
import { violatedUnique } from "../../database.ts";
import type { UserContext } from "../context.ts";
import { inTransaction } from "../in-transaction.ts";
import { codeExpired } from "../refusal.ts";
import type { Session } from "../session/read-session.ts";
import { forgetCodes } from "./forget-codes.ts";
import { lockOwnAccount } from "./lock-account.ts";
import { emailChangeName } from "./request-email-change.ts";
import { takeFromUnconfirmed } from "./take-from-unconfirmed.ts";

/**
 * Gives the caller's account the address that the code was mailed to. The code works once and for that account only, and
 * its other codes end, which were mailed to the address before. Throws `code_expired`, also when the address was taken since.
 */
export async function confirmEmailChange(
  { db, identity, caller }: UserContext,
  { account: { id } }: Session,
  code: string,
): Promise<string> {
  const { internalAdapter } = await identity.$context;
  return inTransaction(db, async (tx) => {
    const before = await lockOwnAccount(tx, id);
    const sent = await internalAdapter.findVerificationValue(emailChangeName(code));
    const [owner, email] = sent?.value.split(" ") ?? [];
    if (!sent || owner !== id || !email || sent.expiresAt <= new Date()) throw codeExpired();
    await takeFromUnconfirmed(tx, email);
    await internalAdapter.updateUser(id, { email, emailVerified: true }).catch((error) => {
      throw violatedUnique(error) === undefined ? error : codeExpired();
    });
    await forgetCodes(tx, id);
    await writeAudit(tx, caller, {
      action: "account.change-email",
      target: id,
      before: { email: before.email },
      after: { email },
    });
    return email;
  });
}
