import { isAPIError } from "better-auth/api";
import { and, eq, sql } from "drizzle-orm";
import { writeAudit } from "../audit/write.ts";
import type { Queries } from "../database.ts";
import type { NewAccount } from "./account-input.ts";
import { atLeast } from "./at-least.ts";
import type { UserContext } from "./context.ts";
import { credential } from "./identity.ts";
import { inTransaction } from "./in-transaction.ts";
import { refused } from "./refusal.ts";
import { accounts, users } from "./schema.ts";

/**
 * Makes an account and mails a code that confirms its address. For an address that has a confirmed one nothing is made,
 * and its owner is told by mail. One that was never confirmed is begun anew: whoever typed the address before, with a
 * password of theirs, may have been somebody else. Whoever asks cannot see the difference.
 */
export function signUp(ctx: UserContext, input: NewAccount): Promise<void> {
  return atLeast(async () => {
    const isBegunAnew = await make(ctx, input).catch((error) => {
      // Another request for the same address was quicker, and its account is there now.
      if (isAPIError(error) && error.body?.code === "FAILED_TO_CREATE_USER") return make(ctx, input);
      throw error;
    });
    // It writes nothing, and takes half a second in which no transaction should be open.
    if (isBegunAnew) {
      await refused(ctx, ctx.identity.api.sendVerificationEmail({ body: { email: input.email } }));
    }
  });
}

/** Says whether an account that was never confirmed is begun anew. */
function make(ctx: UserContext, input: NewAccount): Promise<boolean> {
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
      return false;
    }
    return !account.verified && beginAnew(ctx, tx, account.id, input);
  });
}

async function beginAnew(
  { identity, caller }: UserContext,
  tx: Queries,
  id: string,
  { name, language, password }: NewAccount,
): Promise<boolean> {
  const hash = await (await identity.$context).password.hash(password);
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
}
