import { and, asc, eq, gt } from "drizzle-orm";
import type { Queries } from "../../database.ts";
import { users } from "../schema.ts";

/** Somebody as the staff see them. */
export interface PersonView {
  id: string;
  name: string;
  email: string;
  emailVerified: boolean;
  staff: boolean;
  createdAt: string;
}

/** People: all, those with an address, or the staff. */
export async function listPeople(
  db: Queries,
  input: { email?: string; staff?: true; limit: number; after?: string },
): Promise<PersonView[]> {
  const { email, staff, limit, after } = input;
  const rows = await selectPeople(db)
    .where(
      and(
        email === undefined ? undefined : eq(users.email, email),
        staff === undefined ? undefined : eq(users.staff, staff),
        after === undefined ? undefined : gt(users.id, after),
      ),
    )
    .orderBy(asc(users.id))
    .limit(limit);
  return rows.map(toPersonView);
}

export function selectPeople(db: Queries) {
  const { id, name, email, emailVerified, staff, createdAt } = users;
  return db.select({ id, name, email, emailVerified, staff, createdAt }).from(users);
}

export function toPersonView(row: Awaited<ReturnType<typeof selectPeople>>[number]): PersonView {
  return { ...row, createdAt: row.createdAt.toISOString() };
}
