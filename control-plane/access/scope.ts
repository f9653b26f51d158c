import type { Rights } from "./principal.ts";

/** What row security lets through: organisations (`all`, or their ids with commas between), and one tenant or none. */
export interface Scope {
  organizations: string;
  /** Empty for all of the organisations'. */
  tenant: string;
}

/** For what works for all tenants. */
export const everything: Scope = { organizations: "all", tenant: "" };

export function scopeOf({ roles, everywhere, tenant }: Rights): Scope {
  return {
    organizations: everywhere ? everything.organizations : Object.keys(roles).join(","),
    tenant: tenant ?? "",
  };
}

/**
 * The organisations that a list is made of: the one that was asked for, or all of the caller's; `undefined` stands for
 * all there are.
 */
export function organizationsOf(
  { roles, everywhere }: Rights,
  wanted: string | undefined,
): string[] | undefined {
  if (everywhere) return wanted === undefined ? undefined : [wanted];
  return Object.keys(roles).filter((id) => wanted === undefined || id === wanted);
}
