import { createHash, randomBytes } from "node:crypto";
import { and, eq, gt, sql } from "drizzle-orm";
import type { Queries } from "../../database.ts";
import { newId } from "../../ids.ts";
import { verifications } from "../schema.ts";
import { hasStaff, lockStaff } from "./lock-staff.ts";

// The code that makes the first staff account: its hash is kept, beside those of mailed codes.
const identifier = "first-staff";
const lastsDays = 7;

/**
 * The code that makes the first staff account, for seven days: `known` when it still does, or else a new one in place of
 * all before. `undefined` when there is a staff account.
 */
export function offerFirstStaff(db: Queries, known: string | undefined): Promise<string | undefined> {
  return db.transaction(async (tx) => {
    await lockStaff(tx);
    if (await hasStaff(tx)) return undefined;
    if (known !== undefined && (await isFirstStaffCode(tx, known))) return known;
    const code = randomBytes(32).toString("base64url");
    await tx.delete(verifications).where(eq(verifications.identifier, identifier));
    await tx.insert(verifications).values({
      id: newId("ver"),
      identifier,
      value: hash(code),
      expiresAt: sql`now() + ${sql.raw(`interval '${lastsDays} days'`)}`,
    });
    return code;
  });
}

export async function isFirstStaffCode(db: Queries, code: string): Promise<boolean> {
  const [row] = await db.select({ id: verifications.id }).from(verifications).where(isCode(code));
  return row !== undefined;
}

/** Uses the code up, as `tx` commits; false when it was none, or not any more. */
export async function takeFirstStaffCode(tx: Queries, code: string): Promise<boolean> {
  const [gone] = await tx.delete(verifications).where(isCode(code)).returning({ id: verifications.id });
  return gone !== undefined;
}

function isCode(code: string) {
  return and(
    eq(verifications.identifier, identifier),
    eq(verifications.value, hash(code)),
    gt(verifications.expiresAt, sql`now()`),
  );
}

function hash(code: string): string {
  return createHash("sha256").update(code).digest("base64url");
}
