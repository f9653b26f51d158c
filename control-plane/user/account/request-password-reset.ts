import { eq } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import type { UserContext } from "../context.ts";
import { inTransaction } from "../in-transaction.ts";
import { refused } from "../refusal.ts";
import { users } from "../schema.ts";
import { atLeast } from "./at-least.ts";

/** Mails a code to set a new password with, if there is an account; nobody is told whether there is. */
export function requestPasswordReset(ctx: UserContext, email: string): Promise<void> {
  return atLeast(() =>
    inTransaction(ctx.db, async (tx) => {
      await refused(ctx, ctx.identity.api.requestPasswordReset({ body: { email } }));
      const [account] = await tx.select({ id: users.id }).from(users).where(eq(users.email, email));
      if (account)
        await writeAudit(tx, ctx.caller, { action: "account.request-password-reset", target: account.id });
    }),
  );
}
