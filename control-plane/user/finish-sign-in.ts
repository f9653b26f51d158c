import { writeAudit } from "../audit/write.ts";
import { BerthError } from "../errors.ts";
import { findChallenge, takeChallenge } from "./challenge.ts";
import type { UserContext } from "./context.ts";
import { inTransactionThatStays } from "./in-transaction.ts";
import { lockAccount } from "./lock-account.ts";
import { noteOrigin } from "./note-origin.ts";
import type { SignedIn } from "./sign-in.ts";
import { type SecondFactor, takeSecondFactor } from "./take-second-factor.ts";

/**
 * Begins the session that a sign-in with two factors waits for. Throws `wrong_code`, after which the challenge is still good,
 * `too_many_requests`, or `code_expired` when the challenge is not good, or not any more.
 */
export function finishSignIn(
  ctx: UserContext,
  { challenge, ...factor }: { challenge: string } & SecondFactor,
): Promise<SignedIn> {
  const { db, identity, caller } = ctx;
  return inTransactionThatStays(db, async (tx) => {
    const known = await findChallenge(ctx, challenge);
    const account = known && (await lockAccount(tx, known.userId));
    // A new password makes it void, too.
    if (!account?.twoFactor || !(await findChallenge(ctx, challenge))) throw challengeOver();
    const refusal = await takeSecondFactor(ctx, tx, account.id, factor as SecondFactor);
    if (refusal) return refusal;
    if (!(await takeChallenge(ctx, challenge))) throw challengeOver();
    const { internalAdapter } = await identity.$context;
    const { token } = await internalAdapter.createSession(account.id);
    await noteOrigin(ctx, tx, token);
    const { id, name, email } = account;
    await writeAudit(tx, { ...caller, actor: `user:${id}` }, { action: "session.begin", target: id });
    return { token, account: { id, name, email } };
  });
}

function challengeOver(): BerthError {
  return new BerthError(
    "code_expired",
    "This sign-in was not finished in time, or was finished already. Sign in again: POST /user/v1/sessions",
  );
}
