import { and, eq, sql } from "drizzle-orm";
import { ownCaller, writeAudit } from "../audit/write.ts";
import type { Queries } from "../database.ts";
import { type BerthError, isBerthError, type ProblemCode } from "../errors.ts";
import type { InstanceClient } from "../instance/client.ts";
import type { OutboxEntry } from "./claim-outbox.ts";
import { outbox, tenants } from "./schema.ts";

/** Refusals that no repetition will change. Everything else is tried again. */
const final: ReadonlySet<ProblemCode> = new Set([
  "validation_failed",
  "stale_revision",
  "tenant_deleting",
  "slug_taken",
  "conflict",
]);

const firstPauseMs = 200;
const longestPauseMs = 30_000;

/** Delivers one entry and settles it. Gives what went wrong when it has to be tried again. */
export async function deliverOutbox(
  deps: { db: Queries; instance: Pick<InstanceClient, "putStack"> },
  entry: OutboxEntry,
): Promise<unknown> {
  try {
    await deps.instance.putStack(entry.tenantId, entry.request, entry.requestId);
  } catch (error) {
    if (isBerthError(error) && final.has(error.code)) {
      await refuse(deps.db, entry, error);
      return undefined;
    }
    const pause = Math.min(firstPauseMs * 2 ** (entry.attempts - 1), longestPauseMs);
    await deps.db
      .update(outbox)
      .set({
        dueAt: sql`now() + ${`${pause} milliseconds`}::interval`,
        lastError: error instanceof Error ? error.message : String(error),
      })
      .where(eq(outbox.id, entry.id));
    return error;
  }
  await deps.db
    .update(outbox)
    .set({ doneAt: sql`now()`, lastError: null, request: withoutSecret(entry.request) })
    .where(eq(outbox.id, entry.id));
  return undefined;
}

/** The hash has reached its place; it is not needed here any more. */
function withoutSecret(request: OutboxEntry["request"]): OutboxEntry["request"] {
  if (request.desired === "absent") return request;
  const { adminPasswordHash: _, ...rest } = request;
  return rest;
}

/** What was refused for good is the tenant's failure, and told as such. */
async function refuse(db: Queries, entry: OutboxEntry, refusal: BerthError): Promise<void> {
  const error = { code: refusal.code, message: refusal.message };
  await db.transaction(async (tx) => {
    await tx
      .update(outbox)
      .set({ doneAt: sql`now()`, refused: error, request: withoutSecret(entry.request) })
      .where(eq(outbox.id, entry.id));
    const [tenant] = await tx
      .update(tenants)
      .set({ status: "failed", operationStatus: "failed", operationError: error, updatedAt: sql`now()` })
      .where(and(eq(tenants.id, entry.tenantId), eq(tenants.operationId, entry.request.operation)))
      .returning({ id: tenants.id });
    if (!tenant) return;
    await writeAudit(tx, ownCaller("service:instance", entry.requestId), {
      action: "tenant.status",
      target: tenant.id,
      tenantId: tenant.id,
      after: { status: "failed", error },
    });
  });
}
