import { and, eq } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import type { Queries } from "../../database.ts";
import { BerthError } from "../../errors.ts";
import { newId } from "../../ids.ts";
import type { UserContext } from "../context.ts";
import { accounts, users } from "../schema.ts";
import type { Supabase, SupabaseIdentity } from "./verify.ts";

/** What `accounts` calls whoever a project vouches for. */
export const providerOf = (issuer: string) => `supabase:${issuer}`;

/**
 * Lets somebody's Supabase user open the account they are signed in to. Again, it changes nothing. Throws `conflict` when
 * that user opens another account already or this one has a second factor, and whatever `verify` throws.
 * @param userId who is signed in, by a session and not by a key
 */
export async function linkSupabase(
  { db, caller, supabase }: Pick<UserContext, "db" | "caller"> & { supabase: Supabase },
  { userId, token }: { userId: string; token: string },
): Promise<void> {
  const identity = await supabase.verify(token);
  await db.transaction(async (tx) => {
    const [user] = await tx
      .select({ hasTwoFactors: users.twoFactorEnabled })
      .from(users)
      .where(eq(users.id, userId))
      .for("no key update");
    if (user?.hasTwoFactors) {
      throw new BerthError(
        "conflict",
        "This account has a second factor, which a Supabase token would get round. Take it away first.",
      );
    }
    if (await insertLink(tx, userId, identity)) {
      const { issuer, subject } = identity;
      await writeAudit(tx, caller, { action: "account.link", target: userId, after: { issuer, subject } });
      return;
    }
    const [holder] = await tx
      .select({ userId: accounts.userId })
      .from(accounts)
      .where(
        and(eq(accounts.providerId, providerOf(identity.issuer)), eq(accounts.accountId, identity.subject)),
      );
    if (holder?.userId !== userId) {
      throw new BerthError(
        "conflict",
        "This Supabase user opens another Berth account. Sign in there to take the link away; an account that was made for it cannot be opened otherwise, and keeps it until it has a password.",
      );
    }
  });
}

/** Adds the link unless there is one to anybody; two at once wait for each other. Gives whether it did. */
export async function insertLink(
  tx: Queries,
  userId: string,
  { issuer, subject }: SupabaseIdentity,
): Promise<boolean> {
  const made = await tx
    .insert(accounts)
    .values({ id: newId("acc"), userId, providerId: providerOf(issuer), accountId: subject })
    .onConflictDoNothing({ target: [accounts.providerId, accounts.accountId] })
    .returning({ id: accounts.id });
  return made.length > 0;
}
