import { randomBytes } from "node:crypto";
import { and, eq, sql } from "drizzle-orm";
import { writeAudit } from "../audit/write.ts";
import { type Queries, violatedUnique } from "../database.ts";
import { BerthError } from "../errors.ts";
import { cancelOpenOperations } from "./cancel-open-operations.ts";
import type { CallerContext } from "./context.ts";
import { enqueueOperation } from "./enqueue-operation.ts";
import type { OperationKind } from "./operation-status.ts";
import { lockStack, type StackRow } from "./read-stack.ts";
import { instances, operations, stacks } from "./schema.ts";
import type { StackSecrets, StackSpec } from "./spec.ts";
import type { StackAnswer, StackRequest } from "./stack-request.ts";

/**
 * Takes over what a stack should be, and makes the operation that will bring it there. The same
 * operation id again gives the same answer. `absent` cancels what is open and wins.
 * Throws `stale_revision`, `tenant_deleting`, `slug_taken`, `conflict`.
 */
export async function putStack(
  ctx: CallerContext,
  input: { tenantId: string; request: StackRequest },
): Promise<StackAnswer> {
  const { tenantId, request } = input;
  let cancelled: OperationKind[] = [];
  try {
    const taken = await ctx.db.transaction(async (tx) => {
      const stack = await openStack(tx, tenantId);
      const known = await answerFor(tx, tenantId, request.operation);
      if (known) return known;
      if (request.revision <= stack.revision) {
        throw new BerthError("stale_revision", `Stack ${tenantId} is at revision ${stack.revision} already.`);
      }
      if (request.desired === "absent") cancelled = await wantGone(tx, ctx, stack, request);
      else await wantPresent(tx, ctx, stack, request);
      const answer = await answerFor(tx, tenantId, request.operation);
      if (!answer) throw new Error(`Operation ${request.operation} was not made.`);
      return answer;
    });
    for (const kind of cancelled) ctx.ended({ kind, outcome: "cancelled" });
    return taken;
  } catch (error) {
    if (violatedUnique(error) === "stacks_slug") {
      throw new BerthError("slug_taken", `Another stack has the slug "${request.slug}".`);
    }
    if (violatedUnique(error) === "operations_pkey") {
      throw new BerthError("conflict", `Operation ${request.operation} is another stack's: mint a new id.`);
    }
    throw error;
  }
}

/** The stack's row, made now if it was never heard of, and locked. */
async function openStack(tx: Queries, tenantId: string): Promise<StackRow> {
  await tx.insert(stacks).values({ tenantId, status: "reserved" }).onConflictDoNothing();
  return lockStack(tx, tenantId);
}

async function wantGone(
  tx: Queries,
  ctx: CallerContext,
  stack: StackRow,
  request: Extract<StackRequest, { desired: "absent" }>,
): Promise<OperationKind[]> {
  const cancelled = await cancelOpenOperations(tx, stack.tenantId);
  await tx
    .update(stacks)
    .set({
      desired: "absent",
      organizationId: request.organization,
      revision: request.revision,
      updatedAt: sql`now()`,
    })
    .where(eq(stacks.tenantId, stack.tenantId));
  await accept(tx, ctx, stack, request, "destroy");
  return cancelled;
}

async function wantPresent(
  tx: Queries,
  ctx: CallerContext,
  stack: StackRow,
  request: Extract<StackRequest, { desired: "present" }>,
): Promise<void> {
  if (stack.desired === "absent") {
    throw new BerthError(
      "tenant_deleting",
      `Stack ${stack.tenantId} is being deleted, or was; an id is never used again.`,
    );
  }
  await tx
    .update(stacks)
    .set({
      organizationId: request.organization,
      slug: request.slug,
      spec: request.spec,
      revision: request.revision,
      secrets: sealSecrets(ctx, stack, request),
      updatedAt: sql`now()`,
    })
    .where(eq(stacks.tenantId, stack.tenantId));
  await putInstances(tx, stack.tenantId, request.spec);
  await accept(tx, ctx, stack, request, stack.readyAt === null ? "create" : "change");
}

async function accept(
  tx: Queries,
  ctx: CallerContext,
  stack: StackRow,
  request: StackRequest,
  kind: OperationKind,
): Promise<void> {
  await writeAudit(
    tx,
    { ...ctx.caller, actor: request.actor },
    {
      action: `stack.${kind}`,
      target: stack.tenantId,
      tenantId: stack.tenantId,
      before: { desired: stack.desired, revision: stack.revision, slug: stack.slug, spec: stack.spec },
      after: {
        desired: request.desired,
        revision: request.revision,
        slug: request.slug,
        spec: request.desired === "present" ? request.spec : stack.spec,
        operation: request.operation,
      },
    },
  );
  await enqueueOperation(tx, ctx, {
    id: request.operation,
    tenantId: stack.tenantId,
    kind,
    specRevision: request.revision,
    actor: request.actor,
  });
}

/** Secrets are made once, when an instance is first heard of, and never change by a request. */
function sealSecrets(
  ctx: CallerContext,
  stack: StackRow,
  request: Extract<StackRequest, { desired: "present" }>,
): string {
  const known: StackSecrets = stack.secrets ? ctx.box.open(stack.tenantId, stack.secrets) : { instances: {} };
  for (const name of Object.keys(request.spec.instances)) {
    if (known.instances[name]) continue;
    if (request.adminPasswordHash === undefined) {
      throw new BerthError(
        "conflict",
        `The first request for instance "${name}" must carry adminPasswordHash.`,
      );
    }
    known.instances[name] = {
      databasePassword: randomBytes(24).toString("base64url"),
      adminPasswordHash: request.adminPasswordHash,
    };
  }
  return ctx.box.seal(stack.tenantId, known);
}

async function putInstances(tx: Queries, tenantId: string, spec: StackSpec): Promise<void> {
  const rows = Object.entries(spec.instances).map(([name, { hosts }]) => ({ tenantId, name, hosts }));
  await tx
    .insert(instances)
    .values(rows)
    .onConflictDoUpdate({
      target: [instances.tenantId, instances.name],
      set: { hosts: sql`excluded.hosts` },
    });
}

async function answerFor(
  tx: Queries,
  tenantId: string,
  operationId: string,
): Promise<StackAnswer | undefined> {
  const [answer] = await tx
    .select({
      stack: { tenant: stacks.tenantId, slug: stacks.slug, status: stacks.status, revision: stacks.revision },
      operation: {
        id: operations.id,
        kind: operations.kind,
        status: operations.status,
        error: operations.error,
      },
    })
    .from(operations)
    .innerJoin(stacks, eq(stacks.tenantId, operations.tenantId))
    .where(and(eq(operations.id, operationId), eq(operations.tenantId, tenantId)));
  return answer;
}
