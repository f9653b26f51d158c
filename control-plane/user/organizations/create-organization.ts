import { randomUUID } from "node:crypto";
import { and, count, eq } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import { BerthError } from "../../errors.ts";
import { newId } from "../../ids.ts";
import type { UserContext } from "../context.ts";
import { personOf } from "../person-of.ts";
import { members, organizations, users } from "../schema.ts";
import { addMember } from "./add-member.ts";
import { type OrganizationView, toView } from "./read-organizations.ts";

/** Organisations that one person may own when they make another. */
const ownedAtMost = 20;

/** Makes an organisation whose owner is the caller. Throws `conflict` when they own too many. */
export async function createOrganization(
  ctx: UserContext,
  { name }: { name: string },
): Promise<OrganizationView> {
  const userId = personOf(ctx.caller);
  return ctx.db.transaction(async (tx) => {
    // Of two requests at once the second counts what the first has made.
    await tx.select({ id: users.id }).from(users).where(eq(users.id, userId)).for("no key update");
    const [owned] = await tx
      .select({ count: count() })
      .from(members)
      .where(and(eq(members.userId, userId), eq(members.role, "owner")));
    if ((owned?.count ?? 0) >= ownedAtMost) {
      throw new BerthError(
        "conflict",
        `You own ${owned?.count} organisations; ${ownedAtMost} is the most. Delete one, or leave one that has another owner.`,
      );
    }
    const [made] = await tx
      .insert(organizations)
      .values({ id: newId("org"), name, slug: randomUUID() })
      .returning();
    if (!made) throw new Error("The new organisation's row did not come back.");
    await addMember({ ...ctx, db: tx }, { organizationId: made.id, userId, role: "owner" });
    await writeAudit(tx, ctx.caller, {
      action: "organization.create",
      target: made.id,
      organizationId: made.id,
      after: { name },
    });
    return toView(made, "owner");
  });
}
