import { and, count, eq, sql } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import type { Queries } from "../../database.ts";
import { BerthError } from "../../errors.ts";
import { newId } from "../../ids.ts";
import type { UserContext } from "../context.ts";
import { compose, type Mail } from "../mail/compose.ts";
import { nameForMail } from "../mail/name-for-mail.ts";
import { invitations, members, users } from "../schema.ts";
import { lockAsMember, mustBeOwner } from "./lock-organization.ts";
import { isOpen } from "./open-invitation.ts";
import type { NewInvitation } from "./organization-input.ts";
import { type InvitationView, toInvitationView } from "./read-invitations.ts";

/** Days in which an invitation can be taken; the mail says so. */
const openDays = 7;
const openAtMost = 100;

/**
 * Asks an address to become a member; a former invitation of it ends. The letter is for the caller to send, once all of it
 * is written. Throws `not_found`, `forbidden`, `already_member`, `conflict`.
 */
export async function createInvitation(
  ctx: UserContext,
  { organization: id, email, role }: NewInvitation & { organization: string },
): Promise<{ invitation: InvitationView; letter: Mail }> {
  return ctx.scoped.transaction(async (tx) => {
    const { organization, member: me } = await lockAsMember(ctx, tx, id);
    if (role === "owner") mustBeOwner(me);
    const language = await languageFor(tx, { organization: id, email, inviter: me.userId });
    const replaced = await tx
      .update(invitations)
      .set({ status: "canceled" })
      .where(
        and(
          eq(invitations.organizationId, id),
          eq(invitations.email, email),
          eq(invitations.status, "pending"),
        ),
      )
      .returning({ id: invitations.id });
    await refuseTooMany(tx, id);
    const [row] = await tx
      .insert(invitations)
      .values({
        id: newId("inv"),
        organizationId: id,
        email,
        role,
        inviterId: me.userId,
        expiresAt: sql`now() + ${sql.raw(`interval '${openDays} days'`)}`,
      })
      .returning();
    if (!row) throw new Error("The new invitation's row did not come back.");
    await writeAudit(tx, ctx.caller, {
      action: "invitation.create",
      target: row.id,
      organizationId: id,
      ...(replaced.length > 0 ? { before: { replaced: replaced.map((one) => one.id) } } : {}),
      after: { organization: id, email, role },
    });
    const letter = compose("invitation", { email, language }, row.id, nameForMail(organization.name));
    return { invitation: toInvitationView(row), letter };
  });
}

/** What is written in: the language of the address's account or else of the inviter's. Throws `already_member`. */
async function languageFor(
  tx: Queries,
  { organization, email, inviter }: { organization: string; email: string; inviter: string },
): Promise<string | undefined> {
  const [account] = await tx
    .select({ language: users.language, member: members.id })
    .from(users)
    .leftJoin(members, and(eq(members.userId, users.id), eq(members.organizationId, organization)))
    .where(eq(users.email, email));
  if (account?.member) {
    throw new BerthError(
      "already_member",
      `${email} is a member of this organisation already. For another role: PATCH /user/v1/organizations/{id}/members/{user}`,
    );
  }
  if (account) return account.language;
  const [other] = await tx.select({ language: users.language }).from(users).where(eq(users.id, inviter));
  return other?.language;
}

async function refuseTooMany(tx: Queries, organization: string): Promise<void> {
  const [open] = await tx
    .select({ count: count() })
    .from(invitations)
    .where(and(eq(invitations.organizationId, organization), isOpen(tx)));
  if ((open?.count ?? 0) < openAtMost) return;
  throw new BerthError(
    "conflict",
    `${open?.count} invitations of this organisation wait for an answer; ${openAtMost} is the most. Take some back first.`,
  );
}
