import { eq, sql } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import { violatedUnique } from "../../database.ts";
import { BerthError } from "../../errors.ts";
import type { UserContext } from "../context.ts";
import { users } from "../schema.ts";
import { readAddressCode } from "./address-code.ts";
import { hasAddress } from "./claim-address.ts";
import { isPlaceholder } from "./placeholder-address.ts";
import { takeFromUnconfirmed } from "./take-from-unconfirmed.ts";

/**
 * Gives an account without an address the one that a mailed code names. Only the account that asked for it may: then who
 * reads the mail is who is signed in. Again, it changes nothing. Throws `code_expired`, or `conflict` when the account has
 * another address or the address another account.
 */
export async function confirmAddress(
  { db, identity, caller }: Pick<UserContext, "db" | "identity" | "caller">,
  { userId, code }: { userId: string; code: string },
): Promise<void> {
  const email = await readAddressCode(identity, userId, code);
  const change = db.transaction(async (tx) => {
    const [user] = await tx
      .select({ email: users.email })
      .from(users)
      .where(eq(users.id, userId))
      .for("update");
    if (user?.email === email) return;
    if (!user || !isPlaceholder(user.email)) throw hasAddress();
    await takeFromUnconfirmed(tx, email);
    await tx
      .update(users)
      .set({ email, emailVerified: true, updatedAt: sql`now()` })
      .where(eq(users.id, userId));
    await writeAudit(tx, caller, { action: "account.confirm-address", target: userId });
  });
  await change.catch((error) => {
    throw violatedUnique(error) === "users_email" ? taken() : error;
  });
}

function taken(): BerthError {
  return new BerthError("conflict", "Another account has this e-mail address. Sign in to that one.");
}
