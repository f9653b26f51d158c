import { and, eq, sql } from "drizzle-orm";
import type { Queries } from "../../database.ts";
import { BerthError } from "../../errors.ts";
import { users } from "../schema.ts";

/** Whoever changes who is staff, or stands on it, waits here for the others until their transactions end. */
export async function lockStaff(tx: Queries): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('staff', 0))`);
}

/** Throws `forbidden` when somebody is not one of the staff. */
export async function mustBeStaff(tx: Queries, user: string): Promise<void> {
  const [row] = await tx
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.id, user), eq(users.staff, true)));
  if (!row) throw new BerthError("forbidden", "This is for the platform's staff, and you no longer are.");
}

export async function hasStaff(db: Queries): Promise<boolean> {
  const [row] = await db.select({ id: users.id }).from(users).where(eq(users.staff, true)).limit(1);
  return row !== undefined;
}
