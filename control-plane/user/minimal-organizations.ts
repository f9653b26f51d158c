// Stands in for organisations until they come: remove this file, and its line in app.ts.
import { eq } from "drizzle-orm";
import { writeAudit } from "../audit/write.ts";
import { newId } from "../ids.ts";
import type { UserContext } from "./context.ts";
import { members, organizations } from "./schema.ts";

export async function createMinimalOrganization({ db, caller }: UserContext, name: string) {
  const id = newId("org");
  await db.transaction(async (tx) => {
    await tx.insert(organizations).values({ id, name, slug: id });
    await tx
      .insert(members)
      .values({ id: newId("mem"), organizationId: id, userId: caller.user ?? "", role: "owner" });
    await writeAudit(tx, caller, { action: "organization.create", target: id });
  });
  return { id, name };
}

export async function listMinimalOrganizations({ db, caller }: UserContext) {
  return db
    .select({ id: organizations.id, name: organizations.name, role: members.role })
    .from(organizations)
    .innerJoin(members, eq(members.organizationId, organizations.id))
    .where(eq(members.userId, caller.user ?? ""));
}
