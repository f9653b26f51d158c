import { writeAudit } from "../../audit/write.ts";
import { BerthError } from "../../errors.ts";
import { guardSecondFactor } from "../account/guarded.ts";
import { lockAccount } from "../account/lock-account.ts";
import type { UserContext } from "../context.ts";
import { inTransaction } from "../in-transaction.ts";
import { type SecondFactor, takeSecondFactor } from "../two-factor/take-second-factor.ts";
import { findChallenge, takeChallenge } from "./challenge.ts";
import { noteOrigin } from "./note-origin.ts";
import type { SignedIn } from "./sign-in.ts";

/**
 * Begins the session that a sign-in with two factors waits for. Throws `wrong_code`, after which the challenge is still good,
 * `too_many_requests`, or `code_expired` when the challenge is not good, or not any more.
 */
export async function finishSignIn(
  ctx: UserContext,
  { challenge, ...factor }: { challenge: string } & SecondFactor,
): Promise<SignedIn> {
  const { db, identity, caller } = ctx;
  const { internalAdapter } = await identity.$context;
  const known = await findChallenge(ctx, challenge);
  if (!known) throw challengeOver();
  const begin = () =>
    inTransaction(db, async (tx) => {
      const account = await lockAccount(tx, known.userId);
      // A new password makes it void, and so does who was quicker.
      if (!account?.twoFactor || !(await takeChallenge(ctx, challenge))) throw challengeOver();
      await takeSecondFactor(ctx, tx, account.id, factor as SecondFactor);
      const { token } = await internalAdapter.createSession(account.id);
      await noteOrigin(ctx, tx, token);
      const { id, name, email } = account;
      await writeAudit(tx, { ...caller, actor: `user:${id}` }, { action: "session.begin", target: id });
      return { token, account: { id, name, email } };
    });
  return guardSecondFactor(ctx, known.userId, begin);
}

function challengeOver(): BerthError {
  return new BerthError(
    "code_expired",
    "This sign-in was not finished in time, or was finished already. Sign in again: POST /user/v1/sessions",
  );
}
