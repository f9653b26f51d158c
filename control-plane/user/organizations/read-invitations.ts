import { and, eq, gt } from "drizzle-orm";
import type { Role } from "../../access/roles.ts";
import type { UserContext } from "../context.ts";
import { personOf } from "../person-of.ts";
import { invitations, organizations, users } from "../schema.ts";
import { isOpen } from "./open-invitation.ts";
import { readOrganization } from "./read-organizations.ts";

export interface InvitationView {
  id: string;
  organization: string;
  email: string;
  role: Role;
  /** Account of who sent it. */
  invitedBy: string;
  createdAt: string;
  expiresAt: string;
}

/** What an invitation is to whom it was sent. */
export interface MyInvitationView {
  id: string;
  organization: { id: string; name: string };
  role: Role;
  createdAt: string;
  expiresAt: string;
}

interface Page {
  limit: number;
  /** Only those after this id; lists go by it. */
  after?: string;
}

/** An organisation's invitations that can be taken. Throws `not_found`, `forbidden`. */
export async function listInvitations(
  ctx: UserContext,
  { organization, limit, after }: Page & { organization: string },
): Promise<InvitationView[]> {
  await readOrganization(ctx, organization);
  const rows = await ctx.scoped
    .select()
    .from(invitations)
    .where(
      and(
        eq(invitations.organizationId, organization),
        isOpen(ctx.scoped),
        after ? gt(invitations.id, after) : undefined,
      ),
    )
    .orderBy(invitations.id)
    .limit(limit);
  return rows.map(toInvitationView);
}

/** Those to the caller's address that they can take; none while the address is not confirmed to be theirs. */
export async function listMyInvitations(
  { db, caller }: UserContext,
  { limit, after }: Page,
): Promise<MyInvitationView[]> {
  const rows = await db
    .select({ invitation: invitations, organization: { id: organizations.id, name: organizations.name } })
    .from(invitations)
    .innerJoin(users, eq(users.email, invitations.email))
    .innerJoin(organizations, eq(organizations.id, invitations.organizationId))
    .where(
      and(
        eq(users.id, personOf(caller)),
        eq(users.emailVerified, true),
        isOpen(db),
        after ? gt(invitations.id, after) : undefined,
      ),
    )
    .orderBy(invitations.id)
    .limit(limit);
  return rows.map(({ invitation: { id, role, createdAt, expiresAt }, organization }) => ({
    id,
    organization,
    role,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
  }));
}

export function toInvitationView(row: typeof invitations.$inferSelect): InvitationView {
  const { id, organizationId, email, role, inviterId, createdAt, expiresAt } = row;
  return {
    id,
    organization: organizationId,
    email,
    role,
    invitedBy: inviterId,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
  };
}
