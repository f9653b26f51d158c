import { eq } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import { violatedUnique } from "../../database.ts";
import { BerthError } from "../../errors.ts";
import { newId } from "../../ids.ts";
import type { UserContext } from "../context.ts";
import { credential } from "../identity.ts";
import { accounts, users } from "../schema.ts";
import { isFirstStaffCode, takeFirstStaffCode } from "./first-staff-code.ts";
import { hasStaff, lockStaff } from "./lock-staff.ts";
import type { PersonView } from "./read-people.ts";
import type { NewStaffAccount } from "./staff-input.ts";

/**
 * Makes the first staff account by the code of set-up. Its address counts as confirmed. Throws `code_expired`, and
 * `conflict` for an address that has an account: it may be somebody else's who typed it, and is not made more of.
 */
export async function makeFirstStaff(
  { db, identity, caller }: UserContext,
  input: NewStaffAccount,
): Promise<PersonView> {
  const { code, name, email, password } = input;
  // Before the work of hashing: everybody may ask.
  if (!(await isFirstStaffCode(db, code))) throw codeUsed();
  const hash = await (await identity.$context).password.hash(password);
  try {
    return await db.transaction(async (tx) => {
      await lockStaff(tx);
      if ((await hasStaff(tx)) || !(await takeFirstStaffCode(tx, code))) throw codeUsed();
      const [taken] = await tx.select({ id: users.id }).from(users).where(eq(users.email, email));
      if (taken) throw addressTaken(email);
      const [user] = await tx
        .insert(users)
        .values({ id: newId("usr"), name, email, emailVerified: true, staff: true })
        .returning();
      if (!user) throw new Error("The new account's row did not come back.");
      const { id, createdAt } = user;
      await tx
        .insert(accounts)
        .values({ id: newId("acc"), accountId: id, providerId: credential, userId: id, password: hash });
      await writeAudit(tx, caller, { action: "staff.first", target: id });
      return { id, name, email, emailVerified: true, staff: true, createdAt: createdAt.toISOString() };
    });
  } catch (error) {
    if (violatedUnique(error) === "users_email") throw addressTaken(email);
    throw error;
  }
}

function codeUsed(): BerthError {
  return new BerthError(
    "code_expired",
    "This link is not valid, or not any more. While there is no staff account, bin/berth start makes another one; when there is one, its holder adds others.",
  );
}

function addressTaken(email: string): BerthError {
  return new BerthError(
    "conflict",
    `${email} has an account already. Take another address now; you can add that account to the staff afterwards.`,
  );
}
