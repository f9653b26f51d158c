import { type SQL, sql } from "drizzle-orm";
import type { Role } from "../access/roles.ts";
import { type apiKeys, members, type users } from "./schema.ts";

/** Somebody's roles by organisation, as one column of a statement about them. */
export function rolesOf(user: typeof users.id | typeof apiKeys.referenceId): SQL<Record<string, Role>> {
  // With its table's name: without a join drizzle leaves that out, and here it would be one of the members.
  const whose = sql`${user.table}.${sql.identifier(user.name)}`;
  return sql`(
    select coalesce(jsonb_object_agg(m.organization_id, m.role), '{}') from ${members} m where m.user_id = ${whose})`;
}
