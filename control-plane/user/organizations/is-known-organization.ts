import { eq } from "drizzle-orm";
import type { Queries } from "../../database.ts";
import { organizations } from "../schema.ts";

export async function isKnownOrganization(db: Queries, id: string): Promise<boolean> {
  const [row] = await db.select({ id: organizations.id }).from(organizations).where(eq(organizations.id, id));
  return row !== undefined;
}
