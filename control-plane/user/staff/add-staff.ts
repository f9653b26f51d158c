import { and, eq, isNotNull, sql } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import { BerthError, notFound } from "../../errors.ts";
import type { UserContext } from "../context.ts";
import { personOf } from "../person-of.ts";
import { sessions, users } from "../schema.ts";
import { lockPerson } from "./lock-person.ts";
import { lockStaff, mustBeStaff } from "./lock-staff.ts";
import type { PersonView } from "./read-people.ts";

/**
 * Makes somebody one of the staff; again, it changes nothing. Throws `not_found`, and `conflict` while their address is not
 * confirmed: whoever signs up next with it would get the account.
 */
export function addStaff({ db, caller }: UserContext, user: string): Promise<PersonView> {
  return db.transaction(async (tx) => {
    await lockStaff(tx);
    await mustBeStaff(tx, personOf(caller));
    const person = await lockPerson(tx, user);
    if (!person) throw notFound(`account "${user}"`);
    if (person.staff) return person;
    if (!person.emailVerified) {
      throw new BerthError(
        "conflict",
        "This account's e-mail address is not confirmed yet. They do that first.",
      );
    }
    await tx.update(users).set({ staff: true, updatedAt: sql`now()` }).where(eq(users.id, user));
    // Nobody acts as one of the staff.
    await tx.delete(sessions).where(and(eq(sessions.userId, user), isNotNull(sessions.impersonatedBy)));
    await writeAudit(tx, caller, { action: "staff.add", target: user });
    return { ...person, staff: true };
  });
}
