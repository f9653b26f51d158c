import { and, eq, gt } from "drizzle-orm";
import type { Role } from "../../access/roles.ts";
import type { UserContext } from "../context.ts";
import { members, users } from "../schema.ts";
import { readOrganization } from "./read-organizations.ts";

export interface MemberView {
  account: { id: string; name: string; email: string };
  role: Role;
  since: string;
}

/** Members in the order of their memberships' ids; only those after the id `after`. Throws `not_found`, `forbidden`. */
export async function listMembers(
  ctx: UserContext,
  { organization, limit, after }: { organization: string; limit: number; after?: string },
): Promise<Array<MemberView & { position: string }>> {
  await readOrganization(ctx, organization);
  const rows = await ctx.scoped
    .select({ member: members, account: { id: users.id, name: users.name, email: users.email } })
    .from(members)
    .innerJoin(users, eq(users.id, members.userId))
    .where(and(eq(members.organizationId, organization), after ? gt(members.id, after) : undefined))
    .orderBy(members.id)
    .limit(limit);
  return rows.map(({ member, account }) => ({
    account,
    role: member.role,
    since: member.createdAt.toISOString(),
    position: member.id,
  }));
}
