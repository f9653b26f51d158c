import { createEmailVerificationToken } from "better-auth/api";
import type { UserContext } from "../context.ts";
import { mailedSeconds } from "../identity.ts";
import { compose } from "../mail/compose.ts";

/**
 * Mails the code that confirms an address. better-auth's own way to do it takes half a second, by which who waits for the
 * answer could tell that there is such an account.
 */
export async function sendConfirmation(
  { identity, post }: Pick<UserContext, "identity" | "post">,
  reader: { email: string; language: string },
): Promise<void> {
  const { secret } = await identity.$context;
  const code = await createEmailVerificationToken(secret, reader.email, undefined, mailedSeconds);
  await post(compose("confirmEmail", reader, code));
}
