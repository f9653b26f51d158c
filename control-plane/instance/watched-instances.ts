import { and, asc, eq, isNotNull, notInArray, sql } from "drizzle-orm";
import type { Queries } from "../database.ts";
import { instances, stacks } from "./schema.ts";

export interface WatchedInstance {
  tenantId: string;
  instance: string;
  /** Its fixed address; null once it was taken back. */
  address: string | null;
}

/** Of a tenant that is there and is not being deleted; a deletion may fail, and stand for hours. */
export const isWanted = and(eq(stacks.desired, "present"), notInArray(stacks.status, ["reserved", "gone"]));

/** Instances that people could log in to once and that are to be there: what becomes of one that is deleted wakes nobody. */
export function watchedInstances(db: Queries): Promise<WatchedInstance[]> {
  return db
    .select({
      tenantId: instances.tenantId,
      instance: instances.name,
      address: sql<string | null>`host(${instances.address})`,
    })
    .from(instances)
    .innerJoin(stacks, eq(stacks.tenantId, instances.tenantId))
    .where(and(isNotNull(instances.readyAt), isWanted))
    .orderBy(asc(instances.tenantId), asc(instances.name));
}
