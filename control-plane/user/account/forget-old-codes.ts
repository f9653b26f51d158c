import { lt, sql } from "drizzle-orm";
import type { Queries } from "../../database.ts";
import { verifications } from "../schema.ts";

/** Removes codes that do not work any more. */
export async function forgetOldCodes(db: Queries): Promise<void> {
  await db.delete(verifications).where(lt(verifications.expiresAt, sql`now()`));
}
