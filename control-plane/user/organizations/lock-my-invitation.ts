import { and, eq, sql } from "drizzle-orm";
import type { Queries } from "../../database.ts";
import { BerthError, notFound } from "../../errors.ts";
import { invitations, users } from "../schema.ts";
import { lockOrganization } from "./lock-organization.ts";
import { isOpen } from "./open-invitation.ts";

/**
 * Locks the organisation of an invitation and gives the invitation, if it was sent to this person's confirmed address: to
 * everybody else it is not there. Throws `not_found`, `code_expired` for one that was answered.
 */
export async function lockMyInvitation(tx: Queries, { id, user }: { id: string; user: string }) {
  const sent = await readMine(tx, id, user);
  const organization = await lockOrganization(tx, sent.invitation.organizationId);
  // As it is now that nobody else can answer it.
  const { invitation, isOpen } = await readMine(tx, id, user);
  if (invitation.status !== "pending") throw expired();
  return { organization, invitation, isOpen };
}

async function readMine(tx: Queries, id: string, user: string) {
  const [row] = await tx
    .select({ invitation: invitations, isOpen: sql<boolean>`${isOpen(tx)}` })
    .from(invitations)
    .innerJoin(users, eq(users.email, invitations.email))
    .where(and(eq(invitations.id, id), eq(users.id, user), eq(users.emailVerified, true)));
  if (!row) throw notMine(id);
  return row;
}

function notMine(id: string) {
  return notFound(`invitation ${id} to an address of yours`);
}

export function expired(): BerthError {
  return new BerthError(
    "code_expired",
    "This invitation was answered, taken back or is too old, or who sent it may not invite any more. Ask the organisation for a new one.",
  );
}
