import { sql } from "drizzle-orm";
import { mustHaveRole } from "../access/access.ts";
import type { Caller } from "../audit/write.ts";
import type { Queries } from "../database.ts";
import { BerthError, invalid } from "../errors.ts";
import { closedOrganizations } from "./schema.ts";

/** Whether the user service knows an organisation. */
export type FindOrganization = (id: string) => Promise<boolean>;

/**
 * Whose a new tenant will be: the organisation that was named, or else the only one that the caller is in.
 * Throws `validation_failed` and `forbidden`.
 */
export async function chooseOrganization(
  caller: Caller,
  named: string | undefined,
  find: FindOrganization,
): Promise<string> {
  const { roles, everywhere } = caller.rights;
  const organization = named ?? onlyOne(Object.keys(roles));
  const isKnown = organization in roles || (everywhere !== null && (await find(organization)));
  if (!isKnown) throw invalid("organization", `"${organization}" is no organisation of yours`);
  mustHaveRole(caller, organization);
  return organization;
}

/** Throws `conflict` when an organisation is being deleted; it cannot be before the transaction ends. */
export async function refuseClosed(tx: Queries, organizationId: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock_shared(${organizationLock(organizationId)})`);
  const [closed] = await tx
    .select()
    .from(closedOrganizations)
    .where(sql`${closedOrganizations.organizationId} = ${organizationId}`);
  if (closed) throw new BerthError("conflict", `Organisation ${organizationId} is being deleted, or was.`);
}

/** Whoever makes a tenant of an organisation shares it, whoever closes the organisation has it alone. */
export function organizationLock(organizationId: string) {
  return sql`hashtextextended(${`organization ${organizationId}`}, 0)`;
}

function onlyOne(organizations: string[]): string {
  const [only, ...others] = organizations;
  if (only && others.length === 0) return only;
  throw invalid(
    "organization",
    only
      ? "is missing: you are in several. Name one, as in GET /user/v1/organizations"
      : "is missing, and you are in none. Make one first: POST /user/v1/organizations",
  );
}
