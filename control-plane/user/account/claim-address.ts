import { and, eq } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import { BerthError } from "../../errors.ts";
import type { UserContext } from "../context.ts";
import { compose } from "../mail/compose.ts";
import { users } from "../schema.ts";
import { signAddressCode } from "./address-code.ts";
import { atLeast } from "./at-least.ts";
import { isPlaceholder } from "./placeholder-address.ts";

/**
 * Mails a code to the address that an account without one is to have. When the address is another account's, its owner is
 * told instead, and whoever asks sees no difference. Throws `conflict` for an account that has an address.
 */
export function claimAddress(
  ctx: Pick<UserContext, "db" | "identity" | "caller" | "post">,
  { userId, email }: { userId: string; email: string },
): Promise<void> {
  return atLeast(async () => {
    const { db, identity, caller, post } = ctx;
    const [user] = await db
      .select({ email: users.email, language: users.language })
      .from(users)
      .where(eq(users.id, userId));
    if (!user || !isPlaceholder(user.email)) throw hasAddress();
    const [owner] = await db
      .select({ email: users.email, language: users.language })
      .from(users)
      .where(and(eq(users.email, email), eq(users.emailVerified, true)));
    const mail = owner
      ? compose("emailTaken", owner)
      : compose(
          "confirmAddress",
          { email, language: user.language },
          await signAddressCode(identity, userId, email),
        );
    await writeAudit(db, caller, { action: "account.claim-address", target: userId });
    await post(mail);
  });
}

export function hasAddress(): BerthError {
  return new BerthError("conflict", "This account has an e-mail address already.");
}
