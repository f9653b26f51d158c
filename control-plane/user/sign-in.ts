import { writeAudit } from "../audit/write.ts";
import type { UserContext } from "./context.ts";
import { refused } from "./refusal.ts";

export interface SignedIn {
  /** Shown once: `Authorization: Bearer <token>`. */
  token: string;
  account: { id: string; name: string; email: string };
}

/**
 * Begins a session. Throws `sign_in_refused`, `email_not_verified` for whoever knows the password, or `too_many_requests`
 * after too many failures.
 */
export async function signIn(
  { db, identity, caller, failures }: UserContext,
  input: { email: string; password: string },
): Promise<SignedIn> {
  const attempt = { kind: "password", account: input.email, origin: caller.origin } as const;
  const prove = () => refused({ db }, identity.api.signInEmail({ body: input }));
  const { token, user } = await failures.guard(attempt, prove);
  await writeAudit(db, { ...caller, actor: `user:${user.id}` }, { action: "session.begin", target: user.id });
  return { token, account: { id: user.id, name: user.name, email: user.email } };
}
