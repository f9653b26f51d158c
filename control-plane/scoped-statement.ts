import { type SQL, type SQLWrapper, sql } from "drizzle-orm";

/**
 * The first table of a statement that enters a scope by itself, for as long as it runs: a prepared one can so be sent without
 * a word before. What row security is to be looked at after has to ask for {@link onceEntered}, in a lateral query with a
 * limit: PostgreSQL then has no other order to do it in.
 */
export const scopeFirst = sql`(
  select set_config('berth.organizations', ${sql.placeholder("organizations")}, true) is not null
    and set_config('berth.tenant', ${sql.placeholder("tenant")}, true) is not null as entered
  offset 0) scope`;

/** A value that is known only when the scope is entered; nothing an index could not be asked for. */
export function onceEntered(value: SQLWrapper): SQL {
  return sql`case when scope.entered then ${value} end`;
}
