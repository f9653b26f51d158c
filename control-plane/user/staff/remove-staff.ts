import { eq, sql } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import { BerthError, notFound } from "../../errors.ts";
import type { UserContext } from "../context.ts";
import { endKeys } from "../keys/end-keys.ts";
import { personOf } from "../person-of.ts";
import { sessions, users } from "../schema.ts";
import { lockPerson } from "./lock-person.ts";
import { lockStaff, mustBeStaff } from "./lock-staff.ts";
import { listPeople } from "./read-people.ts";

/**
 * Takes somebody off the staff; their keys for all organisations and their sessions as others end with it. Throws
 * `not_found`, and `conflict` for the last one.
 */
export function removeStaff({ db, caller }: UserContext, user: string): Promise<void> {
  return db.transaction(async (tx) => {
    await lockStaff(tx);
    await mustBeStaff(tx, personOf(caller));
    const person = await lockPerson(tx, user);
    if (!person?.staff) throw notFound(`member of the staff "${user}"`);
    const some = await listPeople(tx, { staff: true, limit: 2 });
    if (some.length < 2) {
      throw new BerthError("conflict", "This is the last one of the staff. Add another one first.");
    }
    await tx.update(users).set({ staff: false, updatedAt: sql`now()` }).where(eq(users.id, user));
    await tx.delete(sessions).where(eq(sessions.impersonatedBy, user));
    await endKeys(tx, caller, { user, organization: null });
    await writeAudit(tx, caller, { action: "staff.remove", target: user });
  });
}
