import { eq } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import type { UserContext } from "../context.ts";
import { inTransaction } from "../in-transaction.ts";
import { refused } from "../refusal.ts";
import { users } from "../schema.ts";
import { type Challenge, challengeIn } from "./challenge.ts";
import { noteOrigin } from "./note-origin.ts";

export interface SignedIn {
  /** Shown once: `Authorization: Bearer <token>`. */
  token: string;
  account: { id: string; name: string; email: string };
}
type Credentials = { email: string; password: string };

/**
 * Begins a session, or asks for the second factor. Throws `sign_in_refused`, `email_not_verified` for whoever knows the
 * password, or `too_many_requests` after too many failures.
 */
export function signIn(ctx: UserContext, input: Credentials): Promise<SignedIn | Challenge> {
  const attempt = { kind: "password", account: input.email, origin: ctx.caller.origin } as const;
  return ctx.failures.guard(attempt, () => begin(ctx, input));
}

function begin(ctx: UserContext, input: Credentials): Promise<SignedIn | Challenge> {
  const { db, identity, caller } = ctx;
  return inTransaction(db, async (tx) => {
    // Who changes the password waits, or has ended every session before it is looked at here.
    await tx.select({ id: users.id }).from(users).where(eq(users.email, input.email)).for("share");
    const { response, headers } = await refused(
      { db },
      identity.api.signInEmail({ body: input, returnHeaders: true }),
    );
    // Its plugin answers otherwise than better-auth's types say.
    const { token, user } = response as Partial<typeof response>;
    if (!token || !user) {
      const { userId, ...asked } = await challengeIn(ctx, headers);
      await writeAudit(tx, caller, { action: "session.ask-second-factor", target: userId });
      return asked;
    }
    const { id, name, email } = user;
    await noteOrigin(ctx, tx, token);
    await writeAudit(tx, { ...caller, actor: `user:${id}` }, { action: "session.begin", target: id });
    return { token, account: { id, name, email } };
  });
}
