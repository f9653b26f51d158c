import { randomBytes } from "node:crypto";
import { and, eq } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import type { Queries } from "../../database.ts";
import { invalid } from "../../errors.ts";
import type { UserContext } from "../context.ts";
import { mailedSeconds } from "../identity.ts";
import { inTransaction } from "../in-transaction.ts";
import { compose } from "../mail/compose.ts";
import { users } from "../schema.ts";
import type { Session } from "../session/read-session.ts";
import { atLeast } from "./at-least.ts";
import { checkPassword } from "./check-password.ts";
import { guardPassword } from "./guarded.ts";
import { lockOwnAccount } from "./lock-account.ts";

/** How the codes are named among what was mailed. */
export const emailChangeName = (code: string): string => `change-email:${code}`;

/**
 * Mails a code to the address that an account is to have, and tells the one it has. When another account has that address,
 * its owner is told instead; whoever asks cannot see the difference. Throws `wrong_password`, `too_many_requests`.
 */
export function requestEmailChange(
  ctx: UserContext,
  { account }: Session,
  { email, password }: { email: string; password: string },
): Promise<void> {
  const { db, identity, post, caller } = ctx;
  const { id } = account;
  const request = async (tx: Queries) => {
    const { internalAdapter } = await identity.$context;
    const present = await lockOwnAccount(tx, id);
    await checkPassword(ctx, tx, { userId: id, password });
    if (email === present.email) throw invalid("email", "is the address of the account already");
    const [owner] = await tx
      .select({ email: users.email, language: users.language })
      .from(users)
      .where(and(eq(users.email, email), eq(users.emailVerified, true)));
    await writeAudit(tx, caller, { action: "account.request-email-change", target: id });
    await post(compose("emailChangeAsked", present));
    if (owner) return post(compose("emailWanted", owner));
    const code = randomBytes(18).toString("base64url");
    await internalAdapter.createVerificationValue({
      identifier: emailChangeName(code),
      value: `${id} ${email}`,
      expiresAt: new Date(Date.now() + mailedSeconds * 1_000),
    });
    return post(compose("changeEmail", { email, language: present.language }, code));
  };
  return atLeast(() => guardPassword(ctx, account, () => inTransaction(db, request)));
}
