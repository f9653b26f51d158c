import { and, eq, gt, inArray, lt, lte, notExists, notInArray, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import type { Queries } from "../database.ts";
import { appendEvent } from "./append-event.ts";
import type { InstanceContext } from "./context.ts";
import { publishOperation } from "./feed.ts";
import type { Claim } from "./lease.ts";
import { operationKind } from "./operation-status.ts";
import { leases, operations } from "./schema.ts";

const open = ["queued", "running"] as const;

interface ClaimInput {
  worker: string;
  leaseMs: number;
  except?: string[];
}

/**
 * Takes the oldest operation that may run now: its tenant has no older open one and nobody's lease on
 * it is alive. One that a dead worker left running is taken over, and one of a kind that only a newer version knows is left
 * to that. Gives `undefined` when there is none.
 * @param input.worker names this worker so that it can be found, or proved dead, from outside
 * @param input.leaseMs milliseconds until somebody else may take over unless the lease is renewed
 * @param input.except tenants whose operations are left to others
 */
export async function claimOperation(ctx: InstanceContext, input: ClaimInput): Promise<Claim | undefined> {
  for (;;) {
    const claim = await tryToClaim(ctx, input);
    if (claim !== "missed") return claim;
  }
}

/** `missed`: another worker took the tenant in the same moment; there may be others. */
async function tryToClaim(ctx: InstanceContext, input: ClaimInput): Promise<Claim | undefined | "missed"> {
  return ctx.db.transaction(async (tx) => {
    const operation = await nextOperation(tx, input.except ?? []);
    if (!operation) return undefined;
    const [before] = await tx
      .select()
      .from(leases)
      .where(eq(leases.tenantId, operation.tenantId))
      .for("no key update");
    const token = await takeLease(tx, operation, input);
    if (token === undefined) return "missed";
    const [taken] = await tx
      .update(operations)
      .set({
        status: "running",
        attempt: sql`${operations.attempt} + 1`,
        startedAt: sql`coalesce(${operations.startedAt}, now())`,
        worker: input.worker,
        fencingToken: token,
      })
      .where(eq(operations.id, operation.id))
      .returning();
    if (!taken) throw new Error(`Operation ${operation.id} vanished while it was claimed.`);
    await appendEvent(tx, taken.id, taken.attempt === 1 ? "started" : "resumed", { attempt: taken.attempt });
    await publishOperation(tx, taken.id);
    return {
      operationId: taken.id,
      tenantId: taken.tenantId,
      kind: taken.kind,
      instance: taken.instance,
      specRevision: taken.specRevision,
      attempt: taken.attempt,
      isRetry: taken.retryOf !== null,
      token,
      worker: input.worker,
      previous: before ? { worker: before.worker, holder: before.holder } : null,
      cancelRequested: taken.cancelRequestedAt !== null,
      requestId: taken.requestId,
    };
  });
}

async function nextOperation(tx: Queries, except: string[]) {
  const older = alias(operations, "older");
  const [operation] = await tx
    .select({ id: operations.id, tenantId: operations.tenantId })
    .from(operations)
    .where(
      and(
        inArray(operations.status, [...open]),
        inArray(operations.kind, operationKind.options),
        notInArray(operations.tenantId, except),
        notExists(
          tx
            .select({ id: older.id })
            .from(older)
            .where(
              and(
                eq(older.tenantId, operations.tenantId),
                lt(older.seq, operations.seq),
                inArray(older.status, [...open]),
              ),
            ),
        ),
        notExists(
          tx
            .select({ token: leases.fencingToken })
            .from(leases)
            .where(and(eq(leases.tenantId, operations.tenantId), gt(leases.expiresAt, sql`now()`))),
        ),
      ),
    )
    .orderBy(operations.seq)
    .limit(1)
    .for("no key update", { of: operations, skipLocked: true });
  return operation;
}

/** The new lease's token, or `undefined` when somebody was quicker. */
async function takeLease(
  tx: Queries,
  operation: { id: string; tenantId: string },
  { worker, leaseMs }: { worker: string; leaseMs: number },
): Promise<number | undefined> {
  const lease = {
    operationId: operation.id,
    worker,
    holder: {},
    fencingToken: sql`nextval('fencing_tokens')`,
    expiresAt: sql`now() + ${`${leaseMs} milliseconds`}::interval`,
  };
  const [taken] = await tx
    .insert(leases)
    .values({ tenantId: operation.tenantId, ...lease })
    .onConflictDoUpdate({ target: leases.tenantId, set: lease, setWhere: lte(leases.expiresAt, sql`now()`) })
    .returning({ token: leases.fencingToken });
  return taken?.token;
}
