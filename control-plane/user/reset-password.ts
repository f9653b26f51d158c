import { runWithTransaction } from "@better-auth/core/context";
import { eq } from "drizzle-orm";
import { writeAudit } from "../audit/write.ts";
import type { UserContext } from "./context.ts";
import { refused } from "./refusal.ts";
import { users, verifications } from "./schema.ts";

/**
 * Sets a new password by the code that was mailed. All of it or nothing: the code is used up, every session of the account
 * ends, and so do its other codes. Failed sign-ins before it count no more: whoever did this reads the account's mail.
 */
export async function resetPassword(
  { db, identity, caller, failures }: UserContext,
  { code, password }: { code: string; password: string },
): Promise<void> {
  const { adapter, internalAdapter } = await identity.$context;
  const sent = await internalAdapter.findVerificationValue(`reset-password:${code}`);
  const body = { token: code, newPassword: password };
  await refused(
    { db },
    runWithTransaction(adapter, () => identity.api.resetPassword({ body })),
  );
  if (!sent) return;
  await db.transaction(async (tx) => {
    await tx.delete(verifications).where(eq(verifications.value, sent.value));
    await writeAudit(tx, caller, { action: "account.reset-password", target: sent.value });
  });
  const [user] = await db.select({ email: users.email }).from(users).where(eq(users.id, sent.value));
  if (user) await failures.forgive({ kind: "password", account: user.email, origin: caller.origin });
}
