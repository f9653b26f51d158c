import { and, eq } from "drizzle-orm";
import { mustHaveRole } from "../../access/access.ts";
import type { Role } from "../../access/roles.ts";
import type { Queries } from "../../database.ts";
import { BerthError } from "../../errors.ts";
import type { UserContext } from "../context.ts";
import { personOf } from "../person-of.ts";
import { members, organizations } from "../schema.ts";
import { noOrganization } from "./read-organizations.ts";

/** An organisation's row, locked until the transaction ends: whatever changes who is in it waits for each other. */
export async function lockOrganization(tx: Queries, id: string) {
  const [row] = await tx.select().from(organizations).where(eq(organizations.id, id)).for("no key update");
  if (!row) throw noOrganization(id);
  return row;
}

/**
 * Locks an organisation for one of its members, and looks at what they are in it once more: it may be another thing than
 * when they were let in. Throws `not_found`, `forbidden`.
 */
export async function lockAsMember({ caller }: UserContext, tx: Queries, id: string) {
  const organization = await lockOrganization(tx, id);
  const member = await readMember(tx, id, personOf(caller));
  if (!member && !caller.rights.everywhere) throw noOrganization(id);
  const roles: Record<string, Role> = member ? { [id]: member.role } : {};
  mustHaveRole({ ...caller, rights: { ...caller.rights, roles } }, id);
  if (!member) throw new Error("Somebody who is no member was let in as one.");
  return { organization, member };
}

export async function readMember(tx: Queries, organizationId: string, userId: string) {
  const [row] = await tx
    .select()
    .from(members)
    .where(and(eq(members.organizationId, organizationId), eq(members.userId, userId)));
  return row;
}

/** Throws `not_found` unless the caller is in the organisation at this moment. */
export async function mustBeMember({ caller }: Pick<UserContext, "caller">, db: Queries, id: string) {
  if (!(await readMember(db, id, personOf(caller)))) throw noOrganization(id);
}

/** Throws `forbidden` unless the caller is an owner, where an owner is made, changed or removed. */
export function mustBeOwner({ role }: { role: Role }): void {
  if (role === "owner") return;
  throw new BerthError(
    "forbidden",
    "Only an owner can give the role owner, or change and remove who has it. Ask an owner of the organisation.",
  );
}
