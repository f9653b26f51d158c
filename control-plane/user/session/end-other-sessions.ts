import { and, eq, ne, or } from "drizzle-orm";
import type { Queries } from "../../database.ts";
import type { UserContext } from "../context.ts";
import { sessions } from "../schema.ts";
import type { Session } from "./read-session.ts";

/**
 * Ends every session of an account but the one that asks, those in which it acts as somebody else as well, and says how many.
 * The account is locked.
 */
export async function endOtherSessions(
  { identity }: Pick<UserContext, "identity">,
  tx: Queries,
  { token, account }: Pick<Session, "token" | "account">,
): Promise<number> {
  const others = await tx
    .select({ token: sessions.token })
    .from(sessions)
    .where(
      and(
        or(eq(sessions.userId, account.id), eq(sessions.impersonatedBy, account.id)),
        ne(sessions.token, token),
      ),
    );
  if (others.length > 0) {
    await (await identity.$context).internalAdapter.deleteSessions(others.map((one) => one.token));
  }
  return others.length;
}
