import { and, eq, inArray, lt, ne, notExists, sql } from "drizzle-orm";
import { workerCaller, writeAudit } from "../../audit/write.ts";
import type { Queries } from "../../database.ts";
import { inBatches } from "../../in-batches.ts";
import { credential } from "../identity.ts";
import { accounts, apiKeys, members, sessions, users } from "../schema.ts";

/**
 * Removes accounts that somebody signed up for, and that nobody confirmed in 30 days. One that was ever anybody's stays: it
 * has a confirmed address, or a link to a Supabase user (its address may never be one), a membership, a session or a key.
 */
export async function forgetUnconfirmed(db: Queries): Promise<void> {
  await inBatches((most) =>
    db.transaction(async (tx) => {
      const old = await tx
        .select({ id: users.id })
        .from(users)
        .where(isNobodys(tx))
        .limit(most)
        .for("update", { skipLocked: true });
      const ids = old.map(({ id }) => id);
      // Looked at once more now that they are locked: the first look does not see what was added while it went on.
      const gone = await tx
        .delete(users)
        .where(and(inArray(users.id, ids), isNobodys(tx)))
        .returning({ id: users.id });
      for (const { id } of gone)
        await writeAudit(tx, workerCaller("tidy"), { action: "account.forget", target: id });
      return old.length;
    }),
  );
}

function isNobodys(db: Queries) {
  const before = sql`now() - interval '30 days'`;
  return and(
    eq(users.emailVerified, false),
    eq(users.staff, false),
    lt(users.createdAt, before),
    // Signing up again begins it anew.
    lt(users.updatedAt, before),
    notExists(
      db
        .select({ id: accounts.id })
        .from(accounts)
        .where(and(eq(accounts.userId, users.id), ne(accounts.providerId, credential))),
    ),
    notExists(db.select({ id: members.id }).from(members).where(eq(members.userId, users.id))),
    notExists(db.select({ id: sessions.id }).from(sessions).where(eq(sessions.userId, users.id))),
    notExists(db.select({ id: apiKeys.id }).from(apiKeys).where(eq(apiKeys.referenceId, users.id))),
  );
}
