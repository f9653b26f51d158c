import { type SQL, sql } from "drizzle-orm";
import type { InstanceContext } from "./context.ts";
import { type Fence, leaseLost } from "./lease.ts";
import { leases, operationEvents, operationSteps, operations } from "./schema.ts";

/** Begins a step of an operation; one of the same name, from an earlier attempt, begins anew. Throws `lease_lost`. */
export async function startStep(
  ctx: InstanceContext,
  input: { fence: Fence; name: string; detail?: string },
): Promise<void> {
  const { fence, name, detail = null } = input;
  await record(ctx, fence, {
    event: { name, status: "running", detail },
    step: sql`
      insert into ${operationSteps} (operation_id, name, detail, status, position)
      select ${fence.operationId}, ${name}, ${detail}, 'running',
        (select count(*) from ${operationSteps} s where s.operation_id = ${fence.operationId})
      from held
      on conflict (operation_id, name) do update
      set status = 'running', detail = excluded.detail, started_at = now(), finished_at = null
      returning name`,
  });
}

/** Ends a step that was begun. Throws `lease_lost`. */
export async function endStep(
  ctx: InstanceContext,
  input: { fence: Fence; name: string; status: "succeeded" | "failed"; detail?: string },
): Promise<void> {
  const { fence, name, status, detail = null } = input;
  const ended = await record(ctx, fence, {
    event: { name, status, detail },
    step: sql`
      update ${operationSteps} set status = ${status}, finished_at = now(), detail = coalesce(${detail}, detail)
      from held where ${operationSteps}.operation_id = ${fence.operationId} and name = ${name}
      returning name`,
  });
  if (!ended) throw new Error(`Step "${name}" of ${fence.operationId} ended before it began.`);
}

/**
 * Writes a step, and its event if there is such a step, when the lease is held. All in one statement: an operation has a
 * dozen steps, and round trips are most of what each costs. Locks are taken as by `holdLease`. Gives whether there was
 * such a step.
 */
async function record(
  ctx: InstanceContext,
  fence: Fence,
  { event, step }: { event: Record<string, unknown>; step: SQL },
): Promise<boolean> {
  const { rows } = await ctx.db.execute<{ held: boolean; written: boolean }>(sql`
    with operation as materialized (
      select id from ${operations} where id = ${fence.operationId} for no key update
    ), held as materialized (
      select lease.operation_id from operation, ${leases} lease
      where lease.tenant_id = ${fence.tenantId} and lease.fencing_token = ${fence.token} for share of lease
    ), step as (${step}
    ), counted as (
      update ${operations} o set last_event = o.last_event + 1 from step where o.id = ${fence.operationId}
      returning o.last_event
    ), event as (
      insert into ${operationEvents} (operation_id, number, type, data)
      select ${fence.operationId}, last_event, 'step', ${JSON.stringify(event)}::jsonb from counted
    )
    select exists (select from held) as held, exists (select from step) as written`);
  const [answer] = rows;
  if (!answer?.held) throw leaseLost(fence);
  return answer.written;
}
