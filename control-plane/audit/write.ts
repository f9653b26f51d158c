import type { Access } from "../access/access.ts";
import { allRights, type Rights } from "../access/principal.ts";
import type { Queries } from "../database.ts";
import { audit } from "./schema.ts";

/** Who asks, and where from: travels with a request through every verb. */
export interface Caller {
  /** `user:usr_...`, `user:usr_... as user:usr_...`, `key:key_...`, `service:tenant`, `worker:...` */
  actor: string;
  /** Who has signed in, or made the key; null for a service and for nobody. */
  user: string | null;
  /** Member of the staff who acts as that user. */
  impersonator: string | null;
  requestId: string;
  /** Address the request came from. */
  origin: string | null;
  rights: Rights;
  /** What the route asks for. */
  access: Access;
}

/** Something of ours that acts on its own, or on another service's word. */
export function ownCaller(actor: string, requestId: string): Caller {
  return {
    actor,
    user: null,
    impersonator: null,
    requestId,
    origin: null,
    rights: allRights,
    access: { who: "service" },
  };
}

/** A worker of ours that acts on its own, not for a request. */
export function workerCaller(worker: string, requestId = "none"): Caller {
  return ownCaller(`worker:${worker}`, requestId);
}

export interface AuditEntry {
  action: string;
  target: string;
  tenantId?: string | null;
  /** Whose it is. Of what is about a tenant the database knows it. */
  organizationId?: string | null;
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
    organizationId: entry.organizationId ?? null,
    before: entry.before ?? null,
    after: entry.after ?? null,
  });
}
