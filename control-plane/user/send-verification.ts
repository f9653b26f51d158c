import { and, eq } from "drizzle-orm";
import { writeAudit } from "../audit/write.ts";
import { atLeast } from "./at-least.ts";
import type { UserContext } from "./context.ts";
import { refused } from "./refusal.ts";
import { users } from "./schema.ts";

/** Mails another code, if there is an account whose address is not confirmed; nobody is told whether there is. */
export function sendVerification(ctx: UserContext, email: string): Promise<void> {
  return atLeast(async () => {
    const [account] = await ctx.db
      .select({ id: users.id })
      .from(users)
      .where(and(eq(users.email, email), eq(users.emailVerified, false)));
    if (account)
      await writeAudit(ctx.db, ctx.caller, { action: "account.send-verification", target: account.id });
    // It writes nothing, and takes half a second in which no transaction should be open.
    await refused(ctx, ctx.identity.api.sendVerificationEmail({ body: { email } }));
  });
}
