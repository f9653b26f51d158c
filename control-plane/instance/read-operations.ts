import { and, asc, desc, eq, inArray, lt, or, sql } from "drizzle-orm";
import type { Queries } from "../database.ts";
import { notFound } from "../errors.ts";
import type { OperationError, OperationKind, OperationStatus, StepStatus } from "./operation-status.ts";
import { operationSteps, operations, stacks } from "./schema.ts";

export interface OperationView {
  id: string;
  tenant: string;
  slug: string | null;
  kind: OperationKind;
  instance: string | null;
  status: OperationStatus;
  cancelRequested: boolean;
  attempt: number;
  retryOf: string | null;
  steps: Array<{
    name: string;
    status: StepStatus;
    detail: string | null;
    startedAt: string;
    finishedAt: string | null;
  }>;
  error: OperationError | null;
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
}

/** One operation with its steps. Throws `not_found`. */
export async function readOperation(db: Queries, id: string): Promise<OperationView> {
  const [view] = await withSteps(
    db,
    await db.select(columns(db)).from(operations).where(eq(operations.id, id)),
  );
  if (!view) throw notFound(`operation ${id}`);
  return view;
}

/**
 * Operations, newest first.
 * @param input.before only those older than this position
 * @param input.organizations theirs only; each is read by its own index
 * @param input.tenant id or slug; also of one that is gone
 */
export async function listOperations(
  db: Queries,
  input: {
    limit: number;
    before?: number;
    organizations?: string[];
    tenant?: string;
    status?: OperationStatus;
  },
): Promise<Array<OperationView & { position: number }>> {
  const { limit, before, organizations, tenant, status } = input;
  const page = (organizationId: string | undefined) =>
    db
      .select(columns(db))
      .from(operations)
      .where(
        and(
          organizationId === undefined ? undefined : eq(operations.organizationId, organizationId),
          before === undefined ? undefined : lt(operations.seq, before),
          tenant === undefined ? undefined : inArray(operations.tenantId, called(db, tenant)),
          status === undefined ? undefined : eq(operations.status, status),
        ),
      )
      .orderBy(desc(operations.seq))
      .limit(limit);
  const pages = await Promise.all((organizations ?? [undefined]).map(page));
  const rows = pages
    .flat()
    .toSorted((a, b) => b.operation.seq - a.operation.seq)
    .slice(0, limit);
  const views = await withSteps(db, rows);
  return views.map((view, i) => ({ ...view, position: rows[i]?.operation.seq ?? 0 }));
}

/** The slug is looked up for each row that is shown: to join it the planner would read all stacks. */
function columns(db: Queries) {
  const slug = db.select({ slug: stacks.slug }).from(stacks).where(eq(stacks.tenantId, operations.tenantId));
  return { operation: operations, slug: sql<string | null>`(${slug})` };
}

function called(db: Queries, tenant: string) {
  return db
    .select({ id: stacks.tenantId })
    .from(stacks)
    .where(or(eq(stacks.tenantId, tenant), eq(stacks.slug, tenant)));
}

async function withSteps(
  db: Queries,
  rows: Array<{ operation: typeof operations.$inferSelect; slug: string | null }>,
): Promise<OperationView[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ operation }) => operation.id);
  const steps = await db
    .select()
    .from(operationSteps)
    .where(inArray(operationSteps.operationId, ids))
    .orderBy(asc(operationSteps.position));
  return rows.map(({ operation, slug }) => ({
    id: operation.id,
    tenant: operation.tenantId,
    slug,
    kind: operation.kind,
    instance: operation.instance,
    status: operation.status,
    cancelRequested: operation.cancelRequestedAt !== null,
    attempt: operation.attempt,
    retryOf: operation.retryOf,
    steps: steps
      .filter((step) => step.operationId === operation.id)
      .map(({ name, status, detail, startedAt, finishedAt }) => ({
        name,
        status,
        detail,
        startedAt: startedAt.toISOString(),
        finishedAt: finishedAt?.toISOString() ?? null,
      })),
    error: operation.error,
    createdAt: operation.createdAt.toISOString(),
    startedAt: operation.startedAt?.toISOString() ?? null,
    finishedAt: operation.finishedAt?.toISOString() ?? null,
  }));
}
