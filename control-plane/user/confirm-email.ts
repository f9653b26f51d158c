import { jwtVerify } from "jose";
import { writeAudit } from "../audit/write.ts";
import { BerthError } from "../errors.ts";
import type { UserContext } from "./context.ts";
import { credential } from "./identity.ts";
import { codeExpired, refused, signInRefused } from "./refusal.ts";

/**
 * Confirms an account's address by the code that was mailed to it and the account's password: who reads the mail must be
 * who signed up, or somebody could have their own password confirmed by another. Again, it changes nothing.
 */
export async function confirmEmail(
  { db, identity, caller }: UserContext,
  { code, password }: { code: string; password: string },
): Promise<void> {
  const context = await identity.$context;
  const email = await addressIn(code, context.secret);
  const found = await context.internalAdapter.findUserByEmail(email, { includeAccounts: true });
  const hash = found?.accounts.find(({ providerId }) => providerId === credential)?.password;
  if (!found || !hash) throw codeExpired();
  if (!(await context.password.verify({ hash, password }))) throw signInRefused();
  if (found.user.emailVerified) return;
  await refused({ db }, identity.api.verifyEmail({ query: { token: code } }));
  await writeAudit(db, caller, { action: "account.confirm-email", target: found.user.id });
}

/** Whose address a code of ours speaks of; throws `code_expired` when it is none, or not any more. */
async function addressIn(code: string, secret: string): Promise<string> {
  const key = new TextEncoder().encode(secret);
  const { payload } = await jwtVerify<{ email?: string }>(code, key, { algorithms: ["HS256"] }).catch(
    (cause) => {
      throw new BerthError("code_expired", codeExpired().message, { cause });
    },
  );
  if (!payload.email) throw codeExpired();
  return payload.email;
}
