import { BerthError, notFound } from "../errors.ts";
import type { Principal, Rights } from "./principal.ts";
import { isEnough, type Role } from "./roles.ts";

/** Who may call an operation. Each route declares it; the table in the docs is made of it. */
export type Access =
  /** Nobody is asked who they are. */
  | { who: "anyone" }
  /** A person or a key, in whatever organisation. */
  | { who: "known" }
  /**
   * A person who has signed in, for what is about themselves. `inPerson`: not somebody of the staff who acts as them, for
   * what would outlast their time.
   */
  | { who: "person"; inPerson?: true }
  /**
   * Whoever has this role, or a higher one, in the organisation it is about; platform staff as well. `beyondTenant`: not a
   * key that is for one tenant.
   */
  | { who: "role"; role: Role; beyondTenant?: true }
  /** A person who is a member with this role or a higher one. Not a key, nor staff who is no member. `inPerson` as above. */
  | { who: "member"; role: Role; inPerson?: true }
  /** A person of the platform's staff. */
  | { who: "staff" }
  /** Another service of ours. */
  | { who: "service" };

/** Throws `forbidden` when somebody of this kind, whatever the object, may not. What it is about is looked at by the verb. */
export function mustBe(access: Access, who: Principal): void {
  if (!fits(access, who)) throw forbidden(refusal[access.who]);
  if ("inPerson" in access && who.kind === "session" && who.impersonator !== null) {
    throw forbidden("This can be done by the person alone, not by staff who act as them.");
  }
  if ("beyondTenant" in access && who.rights.tenant !== null) {
    throw forbidden(`This key is for tenant ${who.rights.tenant} alone; this needs one of the organisation.`);
  }
}

/** Throws `forbidden` unless the caller's role in the organisation is what the route asks for. */
export function mustHaveRole(
  { actor, rights, access }: { actor: string; rights: Rights; access: Access },
  organizationId: string | null,
): void {
  if (access.who !== "role" && access.who !== "member") return;
  const member = organizationId === null ? undefined : rights.roles[organizationId];
  const role = access.who === "role" ? (rights.everywhere ?? member) : member;
  if (role && isEnough(role, access.role)) return;
  const advice = actor.startsWith("key:")
    ? "A key may what its scope says, and no more than who made it."
    : "Ask an owner of it.";
  throw forbidden(
    `This needs the role ${access.role} or a higher one in the organisation it belongs to (${organizationId}). ${advice}`,
  );
}

/** Throws `not_found` unless an organisation is one of the caller's, or all are. */
export function mustSeeOrganization({ rights }: { rights: Rights }, id: string): void {
  if (!(id in rights.roles) && rights.everywhere === null) throw notFound(`organisation ${id}`);
}

function fits(access: Access, who: Principal): boolean {
  switch (access.who) {
    case "anyone":
      return true;
    case "known":
      return true;
    case "role":
      return who.kind !== "service";
    case "person":
    case "member":
      return who.kind === "session";
    case "staff":
      return who.kind === "session" && who.staff && who.impersonator === null;
    case "service":
      return who.kind === "service";
  }
}

const refusal: Record<Access["who"], string> = {
  anyone: "This is for everybody.",
  known: "This needs an API key or a session.",
  role: "This needs an API key or a session.",
  person: "This is for a person who has signed in, not for a key.",
  member: "This is for a person who has signed in, not for a key.",
  staff: "This is for the platform's staff.",
  service: "This is for Berth's own services.",
};

function forbidden(message: string): BerthError {
  return new BerthError("forbidden", message);
}
