import { isAPIError } from "better-auth/api";
import type { UserContext } from "./context.ts";
import { type Language, toLanguage } from "./mail/languages.ts";
import { refused } from "./refusal.ts";

export interface Session {
  account: { id: string; name: string; email: string; language: Language };
  token: string;
  expiresAt: Date;
}

/** Whose session an `Authorization` header names; `undefined` when there is none, or not any more. */
export async function readSession(
  { db, identity }: Pick<UserContext, "db" | "identity">,
  authorization: string | undefined,
): Promise<Session | undefined> {
  if (!authorization) return undefined;
  const headers = new Headers({ authorization });
  const found = await refused({ db }, identity.api.getSession({ headers })).catch((error) => {
    // It was ended while its end was being moved on.
    if (isAPIError(error) && error.statusCode === 401) return null;
    throw error;
  });
  if (!found) return undefined;
  const { id, name, email, language } = found.user;
  const { token, expiresAt } = found.session;
  return { account: { id, name, email, language: toLanguage(language) }, token, expiresAt };
}
