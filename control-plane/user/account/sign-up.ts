import { isAPIError } from "better-auth/api";
import { and, eq, sql } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import type { Queries } from "../../database.ts";
import type { UserContext } from "../context.ts";
import { credential } from "../identity.ts";
import { inTransaction } from "../in-transaction.ts";
import { refused } from "../refusal.ts";
import { accounts, users } from "../schema.ts";
import type { NewAccount } from "./account-input.ts";
import { atLeast } from "./at-least.ts";
import { sendConfirmation } from "./send-confirmation.ts";

/**
 * Makes an account and mails a code that confirms its address. For an address that has a confirmed one nothing is made,
 * and its owner is told by mail. One that was never confirmed is begun anew: whoever typed the address before, with a
 * password of theirs, may have been somebody else. Whoever asks cannot see the difference.
 */
export function signUp(ctx: UserContext, input: NewAccount): Promise<void> {
  return atLeast(() =>
    make(ctx, input).catch((error) => {
      // Another request for the same address was quicker, and its account is there now.
      if (isAPIError(error) && error.body?.code === "FAILED_TO_CREATE_USER") return make(ctx, input);
      throw error;
    }),
  );
}

function make(ctx: UserContext, input: NewAccount): Promise<void> {
  return inTransaction(ctx.db, async (tx) => {
    const made = await refused(ctx, ctx.identity.api.signUpEmail({ body: input }));
    const [account] = await tx
      .select({ id: users.id, verified: users.emailVerified })
      .from(users)
      .where(eq(users.email, input.email));
    if (!account) throw new Error("A new account is not there.");
    // For an address that had an account, better-auth makes an id up.
    if (made.user.id === account.id) {
      await writeAudit(tx, ctx.caller, { action: "account.sign-up", target: account.id });
    } else if (!account.verified) {
      await beginAnew(ctx, tx, account.id, input);
    }
  });
}

async function beginAnew(
  ctx: UserContext,
  tx: Queries,
  id: string,
  { name, email, language, password }: NewAccount,
): Promise<void> {
  const hash = await (await ctx.identity.$context).password.hash(password);
  const [row] = await tx
    .update(users)
    .set({ name, language, updatedAt: sql`now()` })
    .where(and(eq(users.id, id), eq(users.emailVerified, false)))
    .returning({ id: users.id });
  if (!row) return;
  await tx
    .update(accounts)
    .set({ password: hash, updatedAt: sql`now()` })
    .where(and(eq(accounts.userId, id), eq(accounts.providerId, credential)));
  await writeAudit(tx, ctx.caller, { action: "account.sign-up", target: id });
  await sendConfirmation(ctx, { email, language });
}
