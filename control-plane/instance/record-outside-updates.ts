import { and, eq, inArray, like, sql } from "drizzle-orm";
import { ownCaller, writeAudit } from "../audit/write.ts";
import type { Queries } from "../database.ts";
import type { InstanceContext } from "./context.ts";
import { audit, operations, stacks } from "./schema.ts";

/** One update of a stack, as the stack's history has it. */
export interface StackUpdate {
  tenantId: string;
  /** Name of the history's entry; the same one is told once. */
  name: string;
  /** `update`, `refresh`, `destroy`, `import` ... */
  kind: string;
  startedAt: Date;
  endedAt: Date;
  result: string;
  message: string;
  /** How Pulumi was run: `cli`, `auto.local` ... */
  by: string;
  /** Whether it was run as our engines are, which whoever runs Pulumi can say as well. */
  looksOwn: boolean;
  /** How many resources were created, updated, left the same ... */
  changes: Record<string, number>;
}

const action = (kind: string) => `stack.pulumi-${kind}`;
const requestOf = ({ name }: StackUpdate) => `pulumi:${name}`;
/** Seconds by which an update's end, in whole seconds, may lie beside its operation's. */
const leeway = 2;

/**
 * Tells the audit, once, of updates that no operation of ours made: of those that were run in another way, and of those that
 * ended while no operation worked on the stack. Stacks that the record does not know are left out.
 * @returns those that were new
 */
export async function recordOutsideUpdates(
  ctx: Pick<InstanceContext, "db">,
  updates: StackUpdate[],
): Promise<StackUpdate[]> {
  const others = await withoutOwn(ctx.db, updates);
  const told: StackUpdate[] = [];
  for (const update of await withoutKnown(ctx.db, others)) {
    if (await record(ctx.db, update)) told.push(update);
  }
  return told;
}

async function withoutOwn(db: Queries, updates: StackUpdate[]): Promise<StackUpdate[]> {
  const doubtful = updates.filter(({ looksOwn }) => looksOwn);
  if (doubtful.length === 0) return updates;
  const asked = JSON.stringify(doubtful.map(({ tenantId, name, endedAt }) => ({ tenantId, name, endedAt })));
  const { rows } = await db.execute<{ name: string }>(sql`
    select u.name from jsonb_to_recordset(${asked}::jsonb) as u ("tenantId" text, name text, "endedAt" timestamptz)
    where exists (
      select from ${operations} o where o.tenant_id = u."tenantId"
        and o.started_at <= u."endedAt" + make_interval(secs => ${leeway})
        and coalesce(o.finished_at, 'infinity') >= u."endedAt" - make_interval(secs => ${leeway}))`);
  const own = new Set(rows.map(({ name }) => name));
  return updates.filter(({ looksOwn, name }) => !(looksOwn && own.has(name)));
}

async function withoutKnown(db: Queries, updates: StackUpdate[]): Promise<StackUpdate[]> {
  if (updates.length === 0) return [];
  const rows = await db.select({ request: audit.requestId }).from(audit).where(told(updates));
  const known = new Set(rows.map(({ request }) => request));
  return updates.filter((update) => !known.has(requestOf(update)));
}

function told(updates: StackUpdate[]) {
  return and(inArray(audit.requestId, updates.map(requestOf)), like(audit.action, action("%")));
}

async function record(db: Queries, update: StackUpdate): Promise<boolean> {
  const { tenantId, name: _, kind, startedAt, endedAt, looksOwn: __, ...rest } = update;
  return db.transaction(async (tx) => {
    // Of two provisioners that look at once the second finds the first one's entry.
    const [stack] = await tx.select().from(stacks).where(eq(stacks.tenantId, tenantId)).for("no key update");
    if (!stack || (await withoutKnown(tx, [update])).length === 0) return false;
    await writeAudit(tx, ownCaller(`operator:${update.by}`, requestOf(update)), {
      action: action(kind),
      target: tenantId,
      tenantId,
      before: { revision: stack.appliedRevision, status: stack.status },
      after: { ...rest, startedAt: startedAt.toISOString(), endedAt: endedAt.toISOString() },
    });
    return true;
  });
}
