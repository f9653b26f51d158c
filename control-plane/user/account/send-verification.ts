import { and, eq } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import type { UserContext } from "../context.ts";
import { users } from "../schema.ts";
import { atLeast } from "./at-least.ts";
import { sendConfirmation } from "./send-confirmation.ts";

/** Mails another code, if there is an account whose address is not confirmed; nobody is told whether there is. */
export function sendVerification(ctx: UserContext, email: string): Promise<void> {
  return atLeast(async () => {
    const [account] = await ctx.db
      .select({ id: users.id, email: users.email, language: users.language })
      .from(users)
      .where(and(eq(users.email, email), eq(users.emailVerified, false)));
    if (!account) return;
    await writeAudit(ctx.db, ctx.caller, { action: "account.send-verification", target: account.id });
    await sendConfirmation(ctx, account);
  });
}
