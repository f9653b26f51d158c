import type { Role } from "../../access/roles.ts";
import type { UserContext } from "../context.ts";
import { joinedBy } from "../in-transaction.ts";
import { refused } from "../refusal.ts";

/** Makes somebody a member, in the transaction that `ctx.db` is. Throws `conflict` when there are as many as there can be. */
export async function addMember(
  { db, identity }: Pick<UserContext, "db" | "identity">,
  body: { organizationId: string; userId: string; role: Role },
): Promise<void> {
  await joinedBy(db, () => refused({ db }, identity.api.addMember({ body })));
}
