import type { UserContext } from "../context.ts";

/** What the second factor is to be shown with, for whoever has shown the password of an account with two. */
export interface Challenge {
  challenge: string;
  expiresAt: Date;
}

type Who = Pick<UserContext, "identity">;

/** better-auth's name for what waits for a second factor. */
export const challengeForm = /^2fa-[\w-]{20}$/;

/** The challenge that better-auth has put in a cookie. What signs it is left out: who has it has been told it. */
export async function challengeIn(
  { identity }: Who,
  headers: Headers,
): Promise<Challenge & { userId: string }> {
  const { createAuthCookie } = await identity.$context;
  const begin = `${createAuthCookie("two_factor").name}=`;
  const cookie = headers.getSetCookie().find((one) => one.startsWith(begin)) ?? "";
  const [challenge = ""] = decodeURIComponent(cookie.slice(begin.length).split(";")[0] ?? "").split(".");
  const known = await findChallenge({ identity }, challenge);
  if (!known) throw new Error("A sign-in with two factors has no challenge.");
  return { challenge, ...known };
}

/** Whose a challenge is; `undefined` when it is none, or not any more. */
export async function findChallenge({ identity }: Who, challenge: string) {
  if (!challengeForm.test(challenge)) return undefined;
  const { internalAdapter } = await identity.$context;
  const known = await internalAdapter.findVerificationValue(challenge);
  if (!known || known.expiresAt <= new Date()) return undefined;
  return { userId: known.value, expiresAt: known.expiresAt };
}

/** Uses a challenge up; says whether it was there. */
export async function takeChallenge({ identity }: Who, challenge: string): Promise<boolean> {
  const { internalAdapter } = await identity.$context;
  // better-auth counts its own tries beside it; here they are counted for the account.
  await internalAdapter.deleteVerificationByIdentifier(`2fa-attempts-${challenge}`);
  return (await internalAdapter.consumeVerificationValue(challenge)) !== null;
}
