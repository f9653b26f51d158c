import { sql } from "drizzle-orm";
import { Gauge } from "prom-client";
import type { Queries } from "../database.ts";
import type { Metrics } from "../observability/metrics.ts";
import { operations } from "./schema.ts";

/** How much work waits and runs, and for how long. */
export function addQueueFigures({ registry, lookUp }: Metrics, db: Queries): void {
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers: [registry] });
  const depth = gauge("berth_queue_depth", "Operations that wait to be begun");
  const oldest = gauge("berth_queue_oldest_age_seconds", "How long the oldest of them has waited; 0 without");
  const running = gauge("berth_operations_running", "Operations that have been begun and have not ended");
  const runningOldest = gauge(
    "berth_operation_running_oldest_seconds",
    "How long ago the oldest of them was begun; 0 without",
  );
  lookUp({
    name: "queue",
    source: "instance database",
    figures: [depth, oldest, running, runningOldest],
    async look() {
      const { rows } = await db.execute<{
        queued: number;
        queuedFor: number | null;
        running: number;
        runningFor: number | null;
      }>(sql`
        select count(*) filter (where status = 'queued')::int as queued,
          extract(epoch from now() - min(created_at) filter (where status = 'queued'))::float8 as "queuedFor",
          count(*) filter (where status = 'running')::int as running,
          extract(epoch from now() - min(started_at) filter (where status = 'running'))::float8 as "runningFor"
        from ${operations} where status in ('queued', 'running')`);
      return rows[0];
    },
    show(found) {
      depth.set(found?.queued ?? 0);
      oldest.set(found?.queuedFor ?? 0);
      running.set(found?.running ?? 0);
      runningOldest.set(found?.runningFor ?? 0);
    },
  });
}
