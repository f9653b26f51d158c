import { and, eq, isNotNull } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import { BerthError, notFound } from "../../errors.ts";
import type { UserContext } from "../context.ts";
import { credential } from "../identity.ts";
import { accounts, users } from "../schema.ts";
import { readLinks } from "./read-links.ts";

/**
 * Takes a link away: that Supabase user opens the account no more, and gets another one when they come again. Throws
 * `not_found` when the account has no such link, and `conflict` when nothing else opens it: the password counts only.
 * @param id of the link, see readLinks
 */
export async function unlinkSupabase(
  { db, caller }: Pick<UserContext, "db" | "caller">,
  { userId, id }: { userId: string; id: string },
): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.select({ id: users.id }).from(users).where(eq(users.id, userId)).for("update");
    const link = (await readLinks({ db: tx }, userId)).find((one) => one.id === id);
    if (!link) throw notFound("such link to a Supabase user");
    const [password] = await tx
      .select({ id: accounts.id })
      .from(accounts)
      .where(
        and(eq(accounts.userId, userId), eq(accounts.providerId, credential), isNotNull(accounts.password)),
      );
    if (!password) {
      throw new BerthError(
        "conflict",
        "This account has no password, so nobody could sign in to it any more. Confirm an e-mail address and set a password first.",
      );
    }
    await tx.delete(accounts).where(eq(accounts.id, id));
    const { issuer, subject } = link;
    await writeAudit(tx, caller, { action: "account.unlink", target: userId, before: { issuer, subject } });
  });
}
