/** Whose process is killed. */
const victims = [
  "worker",
  "provisioner",
  "control plane",
  "docker plugin",
  "postgresql plugin",
  "our own plugin",
] as const;
export type Victim = (typeof victims)[number];

/** How far the engine has come: what it has just made, or just removed. */
const points = ["role", "database", "container", "route", "last checkpoint"] as const;
export type Point = (typeof points)[number];

export const kinds = ["create", "destroy"] as const;
export type Kind = (typeof kinds)[number];

/** A tenant's create and destroy, each broken off in the same way. */
export interface Pair {
  victim: Victim;
  point: Point;
}

/** The longest first: environments that work side by side then end at about the same time. */
const slowestFirst = victims.toSorted((a, b) => tenantsOf(b) - tenantsOf(a));
export const allPairs: Pair[] = slowestFirst.flatMap((victim) => points.map((point) => ({ victim, point })));

/** A quarter of the table, another one each day; after four days all of it was run. */
export function quarter(day: number): Pair[] {
  return allPairs.filter((_, i) => i % 4 === day % 4);
}
export const dayOf = (date: Date) => Math.floor(date.getTime() / 86_400_000);

/** Operations in flight when it is killed. */
export function tenantsOf(victim: Victim): number {
  return victim === "control plane" ? 8 : 1;
}
