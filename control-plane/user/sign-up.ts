import { isAPIError } from "better-auth/api";
import { and, eq, sql } from "drizzle-orm";
import { writeAudit } from "../audit/write.ts";
import type { NewAccount } from "./account-input.ts";
import { atLeast } from "./at-least.ts";
import type { UserContext } from "./context.ts";
import { credential } from "./identity.ts";
import { refused } from "./refusal.ts";
import { accounts, users } from "./schema.ts";

/**
 * Makes an account and mails a code that confirms its address. For an address that has a confirmed one nothing is made,
 * and its owner is told by mail. One that was never confirmed is begun anew: whoever typed the address before, with a
 * password of theirs, may have been somebody else. Whoever asks cannot see the difference.
 */
export function signUp(ctx: UserContext, input: NewAccount): Promise<void> {
  return atLeast(async () => {
    const made = await refused(ctx, ctx.identity.api.signUpEmail({ body: input })).catch((error) => {
      // Another request for the same address was quicker.
      if (isAPIError(error) && error.body?.code === "FAILED_TO_CREATE_USER") return undefined;
      throw error;
    });
    const [account] = await ctx.db
      .select({ id: users.id, verified: users.emailVerified })
      .from(users)
      .where(eq(users.email, input.email));
    if (!account) throw new Error("A new account is not there.");
    // For an address that had an account, better-auth makes an id up.
    if (made?.user.id === account.id) {
      await writeAudit(ctx.db, ctx.caller, { action: "account.sign-up", target: account.id });
    } else if (!account.verified) {
      await beginAnew(ctx, account.id, input);
    }
  });
}

async function beginAnew(
  { db, identity, caller }: UserContext,
  id: string,
  input: NewAccount,
): Promise<void> {
  const hash = await (await identity.$context).password.hash(input.password);
  const { name, language } = input;
  const isStill = await db.transaction(async (tx) => {
    const [row] = await tx
      .update(users)
      .set({ name, language, updatedAt: sql`now()` })
      .where(and(eq(users.id, id), eq(users.emailVerified, false)))
      .returning({ id: users.id });
    if (!row) return false;
    await tx
      .update(accounts)
      .set({ password: hash, updatedAt: sql`now()` })
      .where(and(eq(accounts.userId, id), eq(accounts.providerId, credential)));
    await writeAudit(tx, caller, { action: "account.sign-up", target: id });
    return true;
  });
  if (isStill) await refused({ db }, identity.api.sendVerificationEmail({ body: { email: input.email } }));
}
