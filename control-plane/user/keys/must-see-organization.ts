import { eq } from "drizzle-orm";
import type { Queries } from "../../database.ts";
import { notFound } from "../../errors.ts";
import { organizations } from "../schema.ts";

/** Throws `not_found` for an organisation that is not there, or is not the caller's: they cannot tell which. */
export async function mustSeeOrganization(scoped: Queries, id: string): Promise<void> {
  const [row] = await scoped
    .select({ id: organizations.id })
    .from(organizations)
    .where(eq(organizations.id, id));
  if (!row) throw notFound(`organisation "${id}"`);
}
