import { isBerthError } from "../../errors.ts";
import type { UserContext } from "../context.ts";

type Who = Pick<UserContext, "caller" | "failures">;

/**
 * Does what the password of an account is shown for by somebody who has signed in to it already, and counts wrong ones with
 * those of sign-ins: a session that was stolen is no way to guess on. Throws `too_many_requests`.
 */
export function guardPassword<T>(
  { failures, caller }: Who,
  { email }: { email: string },
  work: () => Promise<T>,
): Promise<T> {
  const attempt = { kind: "password", account: email, origin: caller.origin } as const;
  return failures.guard(attempt, work, (error) => isBerthError(error, "wrong_password"));
}

/** The same for codes of the second factor. Only who knows the password gets as far as that. */
export function guardSecondFactor<T>(
  { failures, caller }: Who,
  userId: string,
  work: () => Promise<T>,
): Promise<T> {
  const attempt = { kind: "second-factor", account: userId, origin: caller.origin } as const;
  return failures.guard(attempt, work, (error) => isBerthError(error, "wrong_code"));
}
