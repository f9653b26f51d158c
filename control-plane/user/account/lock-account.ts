import { eq } from "drizzle-orm";
import type { Queries } from "../../database.ts";
import { users } from "../schema.ts";

/**
 * Holds an account until the transaction ends, so that what is proved about it stays true meanwhile: sign-ins and changes of
 * its password, address and second factor wait for each other. Gives `undefined` for one that is gone.
 */
export async function lockAccount(tx: Queries, userId: string) {
  const [account] = await tx
    .select({
      id: users.id,
      name: users.name,
      email: users.email,
      language: users.language,
      twoFactor: users.twoFactorEnabled,
    })
    .from(users)
    .where(eq(users.id, userId))
    .for("no key update");
  return account;
}

/** The account of a session that was just read. */
export async function lockOwnAccount(tx: Queries, userId: string) {
  const account = await lockAccount(tx, userId);
  if (!account) throw new Error("The account of a session is not there.");
  return account;
}
