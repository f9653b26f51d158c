import { and, asc, eq, isNotNull, notInArray, sql } from "drizzle-orm";
import type { Queries } from "../database.ts";
import { instances, stacks } from "./schema.ts";

export interface WatchedInstance {
  tenantId: string;
  instance: string;
  /** Its fixed address; null while it is being removed. */
  address: string | null;
}

/** Instances that people could log in to once and that are not gone: whoever watches is to see what becomes of them. */
export function watchedInstances(db: Queries): Promise<WatchedInstance[]> {
  return db
    .select({
      tenantId: instances.tenantId,
      instance: instances.name,
      address: sql<string | null>`host(${instances.address})`,
    })
    .from(instances)
    .innerJoin(stacks, eq(stacks.tenantId, instances.tenantId))
    .where(and(isNotNull(instances.readyAt), notInArray(stacks.status, ["reserved", "gone"])))
    .orderBy(asc(instances.tenantId), asc(instances.name));
}
