import { count, eq } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import type { UserContext } from "../context.ts";
import { members, organizations } from "../schema.ts";
import { noOrganization } from "./read-organizations.ts";

/**
 * Deletes an organisation; its members, invitations and keys go with it. The tenant service asks for it, once it has seen
 * that there are no tenants and will be none. Throws `not_found`.
 * @param input.actor who asked the tenant service for it
 */
export async function deleteOrganization(
  { db, caller }: UserContext,
  { id, actor }: { id: string; actor: string },
): Promise<void> {
  await db.transaction(async (tx) => {
    const [row] = await tx.select().from(organizations).where(eq(organizations.id, id)).for("update");
    if (!row) throw noOrganization(id);
    const [had] = await tx.select({ members: count() }).from(members).where(eq(members.organizationId, id));
    await tx.delete(organizations).where(eq(organizations.id, id));
    await writeAudit(
      tx,
      { ...caller, actor },
      {
        action: "organization.delete",
        target: id,
        organizationId: id,
        before: { name: row.name, members: had?.members ?? 0 },
      },
    );
  });
}
