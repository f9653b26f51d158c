import type { Queries } from "../database.ts";
import { audit } from "./schema.ts";

/** Who asks, and where from: travels with a request through every verb. */
export interface Caller {
  /** `key:bootstrap`, `service:tenant`, `worker:...` */
  actor: string;
  requestId: string;
  /** Address the request came from. */
  origin: string | null;
}

/** A worker of ours that acts on its own, not for a request. */
export function workerCaller(worker: string, requestId = "none"): Caller {
  return { actor: `worker:${worker}`, requestId, origin: null };
}

export interface AuditEntry {
  action: string;
  target: string;
  tenantId?: string | null;
  before?: Record<string, unknown> | null;
  after?: Record<string, unknown> | null;
}

/** Writes who changed what. Call it in the transaction of the change, and never with a secret in it. */
export async function writeAudit(tx: Queries, caller: Caller, entry: AuditEntry): Promise<void> {
  await tx.insert(audit).values({
    actor: caller.actor,
    requestId: caller.requestId,
    origin: caller.origin,
    action: entry.action,
    target: entry.target,
    tenantId: entry.tenantId ?? null,
    before: entry.before ?? null,
    after: entry.after ?? null,
  });
}
