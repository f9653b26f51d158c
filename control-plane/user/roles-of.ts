import { type SQL, sql } from "drizzle-orm";
import type { Role } from "../access/roles.ts";
import { type apiKeys, members, type users } from "./schema.ts";

/** Somebody's roles by organisation, as one column of a statement about them. */
export function rolesOf(user: typeof users.id | typeof apiKeys.referenceId): SQL<Record<string, Role>> {
  return sql`(
    select coalesce(jsonb_object_agg(${members.organizationId}, ${members.role}), '{}')
    from ${members} where ${members.userId} = ${user})`;
}
