import { and, eq, ne } from "drizzle-orm";
import type { Queries } from "../../database.ts";
import { BerthError } from "../../errors.ts";
import { members } from "../schema.ts";

/** Throws `last_owner` when the organisation, which is locked, would be without an owner but for this member. */
export async function keepOwner(tx: Queries, member: typeof members.$inferSelect): Promise<void> {
  if (member.role !== "owner") return;
  const [other] = await tx
    .select({ id: members.id })
    .from(members)
    .where(
      and(
        eq(members.organizationId, member.organizationId),
        eq(members.role, "owner"),
        ne(members.id, member.id),
      ),
    )
    .limit(1);
  if (other) return;
  throw new BerthError(
    "last_owner",
    "This is the last owner of the organisation. Make another member an owner first, or delete the organisation: DELETE /tenant/v1/organizations/{id}",
  );
}
