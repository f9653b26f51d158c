import { and, eq, sql } from "drizzle-orm";
import type { Queries } from "../../database.ts";
import { users } from "../schema.ts";
import { placeholderAddress } from "./placeholder-address.ts";

/** Frees an address of an account that was never confirmed: whoever typed it may be anybody, and was never signed in there. */
export async function takeFromUnconfirmed(tx: Queries, email: string): Promise<void> {
  const [holder] = await tx
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.email, email), eq(users.emailVerified, false)))
    .for("update");
  if (!holder) return;
  await tx
    .update(users)
    .set({ email: placeholderAddress(holder.id), updatedAt: sql`now()` })
    .where(eq(users.id, holder.id));
}
