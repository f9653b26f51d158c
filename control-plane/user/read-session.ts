import { isAPIError } from "better-auth/api";
import { BerthError } from "../errors.ts";
import type { UserContext } from "./context.ts";
import { type Language, toLanguage } from "./mail/languages.ts";
import { refused } from "./refusal.ts";

export interface Session {
  account: { id: string; name: string; email: string; language: Language; twoFactor: boolean };
  token: string;
  expiresAt: Date;
}

/** The session that the caller has shown. Throws `unauthorized` when it has ended since. */
export async function readSession({
  db,
  identity,
  headers,
}: Pick<UserContext, "db" | "identity" | "headers">): Promise<Session> {
  const found = await refused({ db }, identity.api.getSession({ headers })).catch((error) => {
    // It was ended while its end was being moved on.
    if (isAPIError(error) && error.statusCode === 401) return null;
    throw error;
  });
  if (!found) throw new BerthError("unauthorized", "This session has ended. Sign in again.");
  const { id, name, email, language, twoFactorEnabled } = found.user;
  const { token, expiresAt } = found.session;
  return {
    account: { id, name, email, language: toLanguage(language), twoFactor: twoFactorEnabled === true },
    token,
    expiresAt,
  };
}
