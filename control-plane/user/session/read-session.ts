import { eq } from "drizzle-orm";
import type { Queries } from "../../database.ts";
import { BerthError } from "../../errors.ts";
import { bearerToken } from "../../http/authenticate.ts";
import type { UserContext } from "../context.ts";
import { type Language, toLanguage } from "../mail/languages.ts";
import { users } from "../schema.ts";

export interface Session {
  account: { id: string; name: string; email: string; language: Language; twoFactor: boolean };
  token: string;
  expiresAt: Date;
  /** Member of the staff who acts as this account. */
  impersonatedBy: { id: string; name: string } | null;
}

/**
 * The session that the caller has shown, by its copy in Redis where there is one: that it has not ended was just found out.
 * Throws `unauthorized` when it has ended since, and `forbidden` for a token of Supabase.
 */
export async function readSession({
  db,
  identity,
  caller,
  headers,
}: Pick<UserContext, "db" | "identity" | "caller" | "headers">): Promise<Session> {
  const token = bearerToken(headers.get("authorization") ?? undefined) ?? "";
  if (token.includes(".")) {
    throw new BerthError(
      "forbidden",
      "This needs a session of Berth's own, and a Supabase token is none: sign in with POST /user/v1/sessions.",
    );
  }
  const found = await (await identity.$context).internalAdapter.findSession(token);
  // Whose it is says PostgreSQL; what a copy says of somebody else is not told.
  if (!found || found.user.id !== caller.user)
    throw new BerthError("unauthorized", "This session has ended. Sign in again.");
  const { id, name, email, language, twoFactorEnabled } = found.user;
  const impersonatedBy = caller.impersonator === null ? null : await nameOf(db, caller.impersonator);
  return {
    account: { id, name, email, language: toLanguage(language), twoFactor: twoFactorEnabled ?? false },
    token,
    expiresAt: found.session.expiresAt,
    impersonatedBy,
  };
}

async function nameOf(db: Queries, id: string): Promise<{ id: string; name: string } | null> {
  const [row] = await db.select({ id: users.id, name: users.name }).from(users).where(eq(users.id, id));
  return row ?? null;
}
