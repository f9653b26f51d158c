import { writeAudit } from "../audit/write.ts";
import type { UserContext } from "./context.ts";
import { refused } from "./refusal.ts";

export interface SignedIn {
  /** Shown once: `Authorization: Bearer <token>`. */
  token: string;
  account: { id: string; name: string; email: string };
}

/** Begins a session. Throws `sign_in_refused`, or `email_not_verified` for whoever knows the password. */
export async function signIn(
  { db, identity, caller }: UserContext,
  input: { email: string; password: string },
): Promise<SignedIn> {
  const { token, user } = await refused({ db }, identity.api.signInEmail({ body: input }));
  await writeAudit(db, { ...caller, actor: `user:${user.id}` }, { action: "session.begin", target: user.id });
  return { token, account: { id: user.id, name: user.name, email: user.email } };
}
