import { and, eq, sql } from "drizzle-orm";
import { jwtVerify } from "jose";
import { writeAudit } from "../../audit/write.ts";
import { BerthError } from "../../errors.ts";
import type { UserContext } from "../context.ts";
import { credential } from "../identity.ts";
import { codeExpired } from "../refusal.ts";
import { accounts, users } from "../schema.ts";

/**
 * Confirms an account's address by the code that was mailed to it and the account's password: who reads the mail must be
 * who signed up, or somebody could have their own password confirmed by another. Again, it changes nothing.
 */
export async function confirmEmail(
  { db, identity, caller }: UserContext,
  { code, password }: { code: string; password: string },
): Promise<void> {
  const { secret, password: hashes } = await identity.$context;
  const email = await readConfirmationCode(code, secret);
  await db.transaction(async (tx) => {
    // Whoever begins the account anew waits, or has written their password before it is read here.
    const [user] = await tx
      .select({ id: users.id, verified: users.emailVerified })
      .from(users)
      .where(eq(users.email, email))
      .for("update");
    if (!user) throw codeExpired();
    const [account] = await tx
      .select({ hash: accounts.password })
      .from(accounts)
      .where(and(eq(accounts.userId, user.id), eq(accounts.providerId, credential)));
    if (!account?.hash) throw codeExpired();
    if (!(await hashes.verify({ hash: account.hash, password }))) {
      throw new BerthError("sign_in_refused", "This is not the password that was chosen when signing up.");
    }
    if (user.verified) return;
    await tx.update(users).set({ emailVerified: true, updatedAt: sql`now()` }).where(eq(users.id, user.id));
    await writeAudit(tx, caller, { action: "account.confirm-email", target: user.id });
  });
}

/** Whose address a code of ours speaks of; throws `code_expired` when it is none, or not any more. */
async function readConfirmationCode(code: string, secret: string): Promise<string> {
  const key = new TextEncoder().encode(secret);
  const { payload } = await jwtVerify<{ email?: string }>(code, key, { algorithms: ["HS256"] }).catch(
    (cause) => {
      throw new BerthError("code_expired", codeExpired().message, { cause });
    },
  );
  if (!payload.email) throw codeExpired();
  return payload.email;
}
