import { and, eq, gt, inArray } from "drizzle-orm";
import { mustHaveRole } from "../../access/access.ts";
import type { Role } from "../../access/roles.ts";
import { organizationsOf } from "../../access/scope.ts";
import { notFound } from "../../errors.ts";
import type { UserContext } from "../context.ts";
import { organizations } from "../schema.ts";

export interface OrganizationView {
  id: string;
  name: string;
  /** The caller's; null for staff who are no member. */
  role: Role | null;
  createdAt: string;
}

/** The caller's organisations in the order of their ids, all there are for staff; only those after the id `after`. */
export async function listOrganizations(
  { scoped, caller }: UserContext,
  { limit, after }: { limit: number; after?: string },
): Promise<OrganizationView[]> {
  const mine = organizationsOf(caller.rights, undefined);
  const rows = await scoped
    .select()
    .from(organizations)
    .where(
      and(
        mine ? inArray(organizations.id, mine) : undefined,
        after ? gt(organizations.id, after) : undefined,
      ),
    )
    .orderBy(organizations.id)
    .limit(limit);
  return rows.map((row) => toView(row, caller.rights.roles[row.id]));
}

/** Throws `not_found`, `forbidden`. */
export async function readOrganization(
  { scoped, caller }: UserContext,
  id: string,
): Promise<OrganizationView> {
  const [row] = await scoped.select().from(organizations).where(eq(organizations.id, id));
  if (!row) throw noOrganization(id);
  mustHaveRole(caller, id);
  return toView(row, caller.rights.roles[id]);
}

export function toView(
  { id, name, createdAt }: typeof organizations.$inferSelect,
  role: Role | undefined,
): OrganizationView {
  return { id, name, role: role ?? null, createdAt: createdAt.toISOString() };
}

export function noOrganization(id: string) {
  return notFound(`organisation ${id}`);
}
