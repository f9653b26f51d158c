import { and, eq } from "drizzle-orm";
import type { Queries } from "../../database.ts";
import type { UserContext } from "../context.ts";
import { credential } from "../identity.ts";
import { wrongPassword } from "../refusal.ts";
import { accounts } from "../schema.ts";

/** Throws `wrong_password` unless it is the account's. The account is locked. */
export async function checkPassword(
  { identity }: Pick<UserContext, "identity">,
  tx: Queries,
  { userId, password }: { userId: string; password: string },
): Promise<void> {
  const [account] = await tx
    .select({ hash: accounts.password })
    .from(accounts)
    .where(and(eq(accounts.userId, userId), eq(accounts.providerId, credential)));
  const hashes = (await identity.$context).password;
  if (account?.hash && (await hashes.verify({ hash: account.hash, password }))) return;
  throw wrongPassword();
}
