import { eq, sql } from "drizzle-orm";
import { z } from "zod";
import type { Queries } from "../database.ts";
import { operationError, operationKind, operationStatus } from "./operation-status.ts";
import { feed, operations, stacks } from "./schema.ts";
import { stackStatus } from "./stack-status.ts";

/** What an entry says: how an operation stands and what became of the stack by it, or that a stack is ready for a new tenant. */
export const feedEntry = z.discriminatedUnion("type", [
  z.object({
    seq: z.int(),
    at: z.iso.datetime(),
    tenant: z.string(),
    type: z.literal("operation"),
    data: z.object({
      operation: z.object({
        id: z.string(),
        kind: operationKind,
        status: operationStatus,
        error: operationError.nullable(),
        /** Who asked for it is found by this; entries from before it was told have none. */
        requestId: z.string().optional(),
      }),
      stack: z.object({ status: stackStatus, revision: z.int() }),
    }),
  }),
  z.object({
    seq: z.int(),
    at: z.iso.datetime(),
    tenant: z.string(),
    type: z.literal("reserved"),
    data: z.object({}),
  }),
]);
export type FeedEntry = z.infer<typeof feedEntry>;

/** Any number that nothing else in this database locks. */
const feedLock = 7_316_201;

/**
 * Tells followers how an operation stands now. Call it last in its transaction: from here to commit
 * everybody else who publishes waits, which is what makes the order of `seq` the order of commits.
 */
export async function publishOperation(tx: Queries, operationId: string): Promise<void> {
  const [row] = await tx
    .select({
      tenantId: operations.tenantId,
      operation: {
        id: operations.id,
        kind: operations.kind,
        status: operations.status,
        error: operations.error,
        requestId: operations.requestId,
      },
      stack: { status: stacks.status, revision: stacks.revision },
    })
    .from(operations)
    .innerJoin(stacks, eq(stacks.tenantId, operations.tenantId))
    .where(eq(operations.id, operationId));
  if (!row) throw new Error(`There is no operation ${operationId} to publish.`);
  await publish(tx, "operation", row.tenantId, { operation: row.operation, stack: row.stack });
}

/** Tells followers that a new tenant may take this id. As with operations, call it last. */
export async function publishReserved(tx: Queries, tenantId: string): Promise<void> {
  await publish(tx, "reserved", tenantId, {});
}

async function publish(
  tx: Queries,
  type: FeedEntry["type"],
  tenantId: string,
  data: Record<string, unknown>,
): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(${feedLock})`);
  await tx.insert(feed).values({ type, tenantId, data });
}
