import { randomBytes } from "node:crypto";
import { eq, sql } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import type { Queries } from "../../database.ts";
import { BerthError, notFound } from "../../errors.ts";
import { newId } from "../../ids.ts";
import type { UserContext } from "../context.ts";
import { compose, type Mail } from "../mail/compose.ts";
import { personOf } from "../person-of.ts";
import { sessions, users } from "../schema.ts";
import { lockStaff, mustBeStaff } from "../staff/lock-staff.ts";
import type { NewImpersonation } from "./impersonation-input.ts";

/** Minutes that it lasts: whoever needs longer begins again, and the user is told again. */
const lastsMinutes = 60;

export interface Impersonation {
  /** Shown once: `Authorization: Bearer <token>`. */
  token: string;
  expiresAt: string;
  /** Tells the user, after the commit; `undefined` when they have no address that is theirs. */
  mail: Mail | undefined;
}

/**
 * Begins a session in which one of the staff acts as a user, as `tx` commits. Its end is fixed. Throws `not_found`, and
 * `forbidden` for one of the staff.
 */
export async function beginImpersonation(
  { caller }: Pick<UserContext, "caller">,
  tx: Queries,
  { user: id, reason }: NewImpersonation,
): Promise<Impersonation> {
  const staff = personOf(caller);
  // Nobody becomes one of the staff, or ceases to be, before this is written.
  await lockStaff(tx);
  await mustBeStaff(tx, staff);
  const [user] = await tx.select().from(users).where(eq(users.id, id));
  if (!user) throw notFound(`account "${id}"`);
  if (user.staff) throw new BerthError("forbidden", "Nobody acts as one of the platform's staff.");
  const [session] = await tx
    .insert(sessions)
    .values({
      id: newId("ses"),
      token: randomBytes(32).toString("base64url"),
      userId: id,
      impersonatedBy: staff,
      expiresAt: sql`now() + ${sql.raw(`interval '${lastsMinutes} minutes'`)}`,
    })
    .returning();
  if (!session) throw new Error("The new session's row did not come back.");
  const { token, createdAt } = session;
  const expiresAt = session.expiresAt.toISOString();
  await writeAudit(tx, caller, { action: "impersonation.begin", target: id, after: { reason, expiresAt } });
  const mail = user.emailVerified ? compose("impersonated", user, minuteOf(createdAt)) : undefined;
  return { token, expiresAt, mail };
}

/** `2026-01-31 09:15 UTC` */
function minuteOf(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
