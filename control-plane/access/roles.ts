/** What a member may do in an organisation; each may all that those before it may. */
export const roles = ["viewer", "developer", "admin", "owner"] as const;
export type Role = (typeof roles)[number];

/** Whether a role is enough where `needed` is asked for. */
export function isEnough(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}

/** The lesser of two roles. */
export function lesser(one: Role, other: Role): Role {
  return isEnough(one, other) ? other : one;
}
