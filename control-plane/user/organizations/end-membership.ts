import { and, eq } from "drizzle-orm";
import type { Queries } from "../../database.ts";
import { apiKeys, members } from "../schema.ts";
import { keepOwner } from "./keep-owner.ts";

/**
 * Ends a membership in an organisation that is locked, and with it the member's keys for it: they would work again if the
 * same person came back. Throws `last_owner`.
 * @returns what the audit is told
 */
export async function endMembership(tx: Queries, member: typeof members.$inferSelect) {
  const { organizationId, userId, role } = member;
  await keepOwner(tx, member);
  await tx.delete(members).where(eq(members.id, member.id));
  const keys = await tx
    .delete(apiKeys)
    .where(and(eq(apiKeys.organizationId, organizationId), eq(apiKeys.referenceId, userId)))
    .returning({ id: apiKeys.id });
  return { organization: organizationId, role, keys: keys.map(({ id }) => id) };
}
