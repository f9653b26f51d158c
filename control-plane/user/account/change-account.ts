import { writeAudit } from "../../audit/write.ts";
import type { UserContext } from "../context.ts";
import { inTransaction } from "../in-transaction.ts";
import { toLanguage } from "../mail/languages.ts";
import type { Session } from "../session/read-session.ts";
import type { AccountChange } from "./account-input.ts";
import { lockOwnAccount } from "./lock-account.ts";

/** Changes what an account is called and written to in. Gives it as it is afterwards. */
export async function changeAccount(
  { db, identity, caller }: UserContext,
  { account: { id } }: Session,
  change: AccountChange,
): Promise<Session["account"]> {
  const { internalAdapter } = await identity.$context;
  return inTransaction(db, async (tx) => {
    const { name, language, email, twoFactor } = await lockOwnAccount(tx, id);
    const before = { name, language: toLanguage(language) };
    const after = { name: change.name ?? before.name, language: change.language ?? before.language };
    if (after.name !== before.name || after.language !== before.language) {
      await internalAdapter.updateUser(id, after);
      await writeAudit(tx, caller, { action: "account.change", target: id, before, after });
    }
    return { id, email, twoFactor, ...after };
  });
}
