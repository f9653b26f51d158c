import { seeds } from "./seed.ts";

/** A member of the staff, and the organisation that they own. */
export interface Staff {
  user: string;
  organization: string;
}

/** Writes a member of the staff and a key of theirs for all organisations, for tests that are about something else. */
export async function seedStaff(
  sql: (text: string, values: unknown[]) => Promise<unknown>,
  key: string,
): Promise<Staff> {
  const seed = seeds(sql);
  const user = await seed.person({ staff: true });
  const organization = await seed.organization({ [user]: "owner" });
  await seed.key(user, { key });
  return { user, organization };
}
