import { isAPIError } from "better-auth/api";
import { sql } from "drizzle-orm";
import type { Queries } from "../database.ts";
import { BerthError, invalid } from "../errors.ts";

/**
 * Runs a call of better-auth's and throws its refusals as ours. What it could not do because PostgreSQL is away it tells
 * without the cause, so that is looked at.
 */
export async function refused<T>({ db }: { db: Queries }, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!isAPIError(error)) throw error;
    if (error.statusCode >= 500) await db.execute(sql`select 1`);
    throw sentences[error.body?.code ?? ""]?.() ?? error;
  }
}

const sentences: Record<string, () => BerthError> = {
  INVALID_EMAIL: () => invalid("email", "is not an e-mail address"),
  PASSWORD_TOO_SHORT: () => invalid("password", "is too short"),
  PASSWORD_TOO_LONG: () => invalid("password", "is too long"),
  INVALID_EMAIL_OR_PASSWORD: signInRefused,
  EMAIL_NOT_VERIFIED: () =>
    new BerthError(
      "email_not_verified",
      "This e-mail address is not confirmed yet. Send the code that was mailed to it, with your password: POST /user/v1/email-confirmation. For another code: POST /user/v1/email-verification",
    ),
  INVALID_PASSWORD: wrongPassword,
  ORGANIZATION_MEMBERSHIP_LIMIT_REACHED: () =>
    new BerthError("conflict", "This organisation has as many members as it can have. Ask an owner of it."),
  INVALID_TOKEN: codeExpired,
  USER_NOT_FOUND: codeExpired,
};

export function noTwoFactor(): BerthError {
  return new BerthError("conflict", "There is no second factor. Set one up with POST /user/v1/two-factor");
}

export function wrongPassword(): BerthError {
  return new BerthError(
    "wrong_password",
    "This is not the password of the account. If it is forgotten, ask for a new one: POST /user/v1/password-resets",
  );
}

export function signInRefused(): BerthError {
  return new BerthError("sign_in_refused", "There is no account with this e-mail address and password.");
}

export function codeExpired(): BerthError {
  return new BerthError("code_expired", "This code is not valid, or not any more. Ask for a new one.");
}
