import { and, eq, TransactionRollbackError } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import type { Queries } from "../../database.ts";
import { newId } from "../../ids.ts";
import { placeholderAddress } from "../account/placeholder-address.ts";
import type { UserContext } from "../context.ts";
import { accounts, users } from "../schema.ts";
import { insertLink, providerOf } from "./link-supabase.ts";
import type { SupabaseIdentity } from "./verify.ts";

/**
 * The id of the account of whoever a verified Supabase token speaks of, made when there is none. It is found by issuer and
 * subject only. A new one has no password, and an address that nobody can write to: the token's may be somebody else's, and
 * whoever has it as theirs could be invited or ask for a password in their place. Its owner confirms one by a mail of
 * ours (claimAddress), or links their Supabase user to an account they have (linkSupabase).
 */
export async function accountOfSupabase(
  { db, caller }: Pick<UserContext, "db" | "caller">,
  identity: SupabaseIdentity,
): Promise<string> {
  const known = await find(db, identity);
  if (known) return known;
  const id = newId("usr");
  await db
    .transaction(async (tx) => {
      await tx.insert(users).values({ id, name: nameOf(identity), email: placeholderAddress(id) });
      // Another request for the same person was quicker.
      if (!(await insertLink(tx, id, identity))) tx.rollback();
      const { issuer, subject } = identity;
      const after = { issuer, subject, newAccount: true };
      await writeAudit(tx, { ...caller, actor: `user:${id}` }, { action: "account.link", target: id, after });
    })
    .catch((error) => {
      if (!(error instanceof TransactionRollbackError)) throw error;
    });
  const made = await find(db, identity);
  // Unlinked since by whoever was quicker.
  if (!made) throw new Error("A Supabase user's account is gone again.");
  return made;
}

async function find(db: Queries, { issuer, subject }: SupabaseIdentity): Promise<string | undefined> {
  const [row] = await db
    .select({ userId: accounts.userId })
    .from(accounts)
    .where(and(eq(accounts.providerId, providerOf(issuer)), eq(accounts.accountId, subject)));
  return row?.userId;
}

/** What stands before the address's @, as somebody could have typed it as their name. */
function nameOf({ email, subject }: SupabaseIdentity): string {
  const [local = ""] = email?.split("@") ?? [];
  return /^[\w.+-]{1,64}$/.test(local) ? local : `Supabase user ${subject.slice(0, 8)}`;
}
