import { sql } from "drizzle-orm";
import { Gauge } from "prom-client";
import type { Queries } from "../database.ts";
import type { Metrics } from "../observability/metrics.ts";
import { outbox } from "./schema.ts";

/** How much the instance service has not been told yet. */
export function addOutboxFigures({ registry, lookUp }: Metrics, db: Queries): void {
  const depth = new Gauge({
    name: "berth_outbox_depth",
    help: "Requests that the instance service has not taken yet",
    registers: [registry],
  });
  const oldest = new Gauge({
    name: "berth_outbox_oldest_age_seconds",
    help: "How long the oldest of them has waited; 0 without",
    registers: [registry],
  });
  lookUp({
    name: "outbox",
    source: "tenant database",
    figures: [depth, oldest],
    async look() {
      const { rows } = await db.execute<{ depth: number; age: number | null }>(sql`
        select count(*)::int as depth, extract(epoch from now() - min(created_at))::float8 as age
        from ${outbox} where done_at is null`);
      return rows[0];
    },
    show(found) {
      depth.set(found?.depth ?? 0);
      oldest.set(found?.age ?? 0);
    },
  });
}
