import { and, eq, ne } from "drizzle-orm";
import type { Queries } from "../database.ts";
import { notFound } from "../errors.ts";
import { isId } from "../ids.ts";
import { stacks } from "./schema.ts";

/** A tenant's id from its id or its slug. Throws `not_found`, also for one that is gone. */
export async function findTenant(db: Queries, idOrSlug: string): Promise<string> {
  const named = isId("ten", idOrSlug) ? eq(stacks.tenantId, idOrSlug) : eq(stacks.slug, idOrSlug);
  const [stack] = await db
    .select({ tenantId: stacks.tenantId })
    .from(stacks)
    .where(and(named, ne(stacks.status, "gone"), ne(stacks.status, "reserved")));
  if (!stack) throw notFound(`tenant "${idOrSlug}"`);
  return stack.tenantId;
}
