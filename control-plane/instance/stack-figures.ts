import { sql } from "drizzle-orm";
import { Gauge } from "prom-client";
import type { Queries } from "../database.ts";
import type { Metrics } from "../observability/metrics.ts";
import { operationEvents, operations, stacks, templates } from "./schema.ts";
import { stackStatus } from "./stack-status.ts";

/** How many tenants there are, in which status, and how many are not as their stack says. */
export function addStackFigures({ registry, lookUp }: Metrics, db: Queries): void {
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

  const drifted = new Gauge({
    name: "berth_tenants_drifted",
    help: "Tenants whose last finished check found something that is not as their stack says",
    registers: [registry],
  });
  lookUp({
    name: "drift",
    source: "instance database: each tenant's last finished check",
    figures: [drifted],
    async look() {
      const { rows } = await db.execute<{ count: number }>(sql`
        select count(*)::int as count from ${stacks} s
        cross join lateral (
          select id from ${operations} o where o.tenant_id = s.tenant_id and o.kind = 'check' and o.status = 'succeeded'
          order by o.seq desc limit 1
        ) c
        where s.status not in ('reserved', 'gone') and exists (
          select from ${operationEvents} e where e.operation_id = c.id
            and jsonb_array_length(e.data #> '{check,differences}') > 0)`);
      return rows[0]?.count ?? 0;
    },
    show: (count) => drifted.set(count),
  });
}

/** How old the template is that new tenants are cloned from. */
export function addTemplateFigures({ registry, lookUp }: Metrics, db: Queries): void {
  const age = new Gauge({
    name: "berth_template_age_seconds",
    help: "Time since the template that new tenants are cloned from was first told of; +Inf while there is none",
    registers: [registry],
  });
  lookUp({
    name: "template",
    source: "instance database",
    figures: [age],
    async look() {
      const { rows } = await db.execute<{ age: number }>(
        sql`select extract(epoch from now() - created_at)::float8 as age from ${templates} where current`,
      );
      return rows[0]?.age ?? Number.POSITIVE_INFINITY;
    },
    show: (found) => age.set(found),
  });
}
