import { eq, like, or } from "drizzle-orm";
import type { Queries } from "../../database.ts";
import { verifications } from "../schema.ts";

/** Makes void what was handed out for an account to be shown again: mailed codes, and passwords that a second factor is to follow. */
export async function forgetCodes(tx: Queries, userId: string): Promise<void> {
  // What belongs to more than the account has that behind a blank.
  await tx
    .delete(verifications)
    .where(
      or(eq(verifications.value, userId), like(verifications.value, `${userId.replaceAll("_", "\\_")} %`)),
    );
}
