import { eq } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import type { UserContext } from "../context.ts";
import { organizations } from "../schema.ts";
import { lockAsMember } from "./lock-organization.ts";
import { type OrganizationView, toView } from "./read-organizations.ts";

/** Changes an organisation's name. Throws `not_found`, `forbidden`. */
export async function changeOrganization(
  ctx: UserContext,
  { id, name }: { id: string; name: string },
): Promise<OrganizationView> {
  return ctx.scoped.transaction(async (tx) => {
    const { organization, member } = await lockAsMember(ctx, tx, id);
    if (organization.name !== name) {
      await tx.update(organizations).set({ name }).where(eq(organizations.id, id));
      await writeAudit(tx, ctx.caller, {
        action: "organization.change",
        target: id,
        organizationId: id,
        before: { name: organization.name },
        after: { name },
      });
    }
    return toView({ ...organization, name }, member.role);
  });
}
