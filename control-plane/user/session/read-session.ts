import { and, eq, gt, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import { BerthError } from "../../errors.ts";
import { bearerToken } from "../../http/authenticate.ts";
import type { UserContext } from "../context.ts";
import { type Language, toLanguage } from "../mail/languages.ts";
import { sessions, users } from "../schema.ts";

export interface Session {
  account: { id: string; name: string; email: string; language: Language; twoFactor: boolean };
  token: string;
  expiresAt: Date;
  /** Member of the staff who acts as this account. */
  impersonatedBy: { id: string; name: string } | null;
}

const impersonators = alias(users, "impersonators");

/** The session that the caller has shown. Throws `unauthorized` when it has ended since, and `forbidden` for a token of Supabase. */
export async function readSession({ db, headers }: Pick<UserContext, "db" | "headers">): Promise<Session> {
  const token = bearerToken(headers.get("authorization") ?? undefined) ?? "";
  const [row] = await db
    .select({
      account: {
        id: users.id,
        name: users.name,
        email: users.email,
        language: users.language,
        twoFactor: users.twoFactorEnabled,
      },
      expiresAt: sessions.expiresAt,
      impersonatedBy: { id: impersonators.id, name: impersonators.name },
    })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .leftJoin(impersonators, eq(impersonators.id, sessions.impersonatedBy))
    .where(and(eq(sessions.token, token), gt(sessions.expiresAt, sql`now()`)));
  if (!row && token.includes(".")) {
    throw new BerthError(
      "forbidden",
      "This needs a session of Berth's own, and a Supabase token is none: sign in with POST /user/v1/sessions.",
    );
  }
  if (!row) throw new BerthError("unauthorized", "This session has ended. Sign in again.");
  const account = { ...row.account, language: toLanguage(row.account.language) };
  return { account, token, expiresAt: row.expiresAt, impersonatedBy: row.impersonatedBy };
}
