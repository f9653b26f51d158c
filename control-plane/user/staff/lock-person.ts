import { eq } from "drizzle-orm";
import type { Queries } from "../../database.ts";
import { users } from "../schema.ts";
import { type PersonView, selectPeople, toPersonView } from "./read-people.ts";

/** Somebody as the staff see them, whose row is locked until the transaction ends; `undefined` when there is nobody. */
export async function lockPerson(tx: Queries, id: string): Promise<PersonView | undefined> {
  const [row] = await selectPeople(tx).where(eq(users.id, id)).for("no key update");
  return row && toPersonView(row);
}
