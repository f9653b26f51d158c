import { sql } from "drizzle-orm";
import { Gauge } from "prom-client";
import type { Queries } from "../database.ts";
import type { Metrics } from "../observability/metrics.ts";
import { instances, operationEvents, operations, stacks } from "./schema.ts";
import { stackStatus } from "./stack-status.ts";

/** How many tenants there are, in which status, and how many are not as their stack says. */
export function addStackFigures(metrics: Metrics, db: Queries): void {
  const { registry, lookUp } = metrics;
  const tenants = new Gauge({
    name: "berth_tenants",
    help: "Stacks by status; `reserved` waits for a tenant, `gone` was one",
    labelNames: ["status"],
    registers: [registry],
  });
  lookUp({
    name: "stacks",
    source: "instance database",
    figures: [tenants],
    async look() {
      const { rows } = await db.execute<{ status: string; count: number }>(
        sql`select status, count(*)::int as count from ${stacks} group by status`,
      );
      return rows;
    },
    show(rows) {
      for (const status of stackStatus.options) tenants.set({ status }, 0);
      for (const { status, count } of rows) tenants.set({ status }, count);
    },
  });

  addDriftFigures(metrics, db);
}

interface Checked extends Record<string, unknown> {
  tenant: string;
  slug: string;
  instances: string[];
  /** Instances that a difference is of, each as often as there are. */
  differing: string[];
}

/** What the last finished check of each tenant found, that has had one. */
function addDriftFigures({ registry, lookUp }: Metrics, db: Queries): void {
  const registers = [registry];
  const all = new Gauge({
    name: "berth_tenants_drifted",
    help: "Tenants whose last finished check found something that is not as their stack says",
    registers,
  });
  const each = new Gauge({
    name: "berth_tenant_drifted",
    help: "1 when the last finished check of the tenant found something of this instance that is not as its stack says, else 0; missing before the first",
    labelNames: ["tenant", "slug", "instance"],
    registers,
  });
  lookUp({
    name: "drift",
    source: "instance database: each tenant's last finished check",
    figures: [all, each],
    async look() {
      const { rows } = await db.execute<Checked>(sql`
        select s.tenant_id as tenant, coalesce(s.slug, '') as slug,
          array(select i.name from ${instances} i where i.tenant_id = s.tenant_id) as instances,
          array(
            select d->>'instance' from ${operationEvents} e, jsonb_array_elements(e.data #> '{check,differences}') d
            where e.operation_id = c.id
          ) as differing
        from ${stacks} s
        cross join lateral (
          select id from ${operations} o where o.tenant_id = s.tenant_id and o.kind = 'check' and o.status = 'succeeded'
          order by o.seq desc limit 1
        ) c
        where s.desired = 'present' and s.status not in ('reserved', 'gone')`);
      return rows;
    },
    show(rows) {
      all.set(rows.filter(({ differing }) => differing.length > 0).length);
      for (const { tenant, slug, instances, differing } of rows)
        for (const instance of new Set([...instances, ...differing]))
          each.set({ tenant, slug, instance }, differing.includes(instance) ? 1 : 0);
    },
  });
}
