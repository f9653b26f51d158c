import { eq } from "drizzle-orm";
import type { Caller } from "../../audit/write.ts";
import type { Queries } from "../../database.ts";
import { endKeys } from "../keys/end-keys.ts";
import { members } from "../schema.ts";
import { keepOwner } from "./keep-owner.ts";

/**
 * Ends a membership in an organisation that is locked, and with it the member's keys for it. Throws `last_owner`.
 * @returns what the audit is told
 */
export async function endMembership(tx: Queries, caller: Caller, member: typeof members.$inferSelect) {
  const { organizationId, userId, role } = member;
  await keepOwner(tx, member);
  await tx.delete(members).where(eq(members.id, member.id));
  const keys = await endKeys(tx, caller, { user: userId, organization: organizationId });
  return { organization: organizationId, role, keys };
}
