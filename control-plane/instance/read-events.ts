import { and, asc, eq, gt } from "drizzle-orm";
import type { Queries } from "../database.ts";
import { notFound } from "../errors.ts";
import { hasEnded } from "./operation-status.ts";
import { operationEvents, operations } from "./schema.ts";

/** What an operation's stream shows after event `after`, and whether nothing will follow. Throws `not_found`. */
export async function readEvents(db: Queries, id: string, after: number) {
  // The status first: events that are written in between are then shown now or the next time.
  const [operation] = await db
    .select({ status: operations.status })
    .from(operations)
    .where(eq(operations.id, id));
  if (!operation) throw notFound(`operation ${id}`);
  const rows = await db
    .select()
    .from(operationEvents)
    .where(and(eq(operationEvents.operationId, id), gt(operationEvents.number, after)))
    .orderBy(asc(operationEvents.number));
  return {
    ended: hasEnded(operation.status),
    events: rows.map(({ number, type, data, at }) => ({ number, type, data, at: at.toISOString() })),
  };
}
