import { and, eq, exists, gt, inArray, ne, or, sql } from "drizzle-orm";
import type { Queries } from "../../database.ts";
import { invitations, members } from "../schema.ts";

/**
 * Whether an invitation can be taken: nobody has taken it or taken it back, it is not too old, and who sent it may still
 * send one like it.
 */
export function isOpen(db: Queries) {
  const inviter = db
    .select({ id: members.id })
    .from(members)
    .where(
      and(
        eq(members.organizationId, invitations.organizationId),
        eq(members.userId, invitations.inviterId),
        inArray(members.role, ["admin", "owner"]),
        or(eq(members.role, "owner"), ne(invitations.role, "owner")),
      ),
    );
  return and(eq(invitations.status, "pending"), gt(invitations.expiresAt, sql`now()`), exists(inviter));
}
