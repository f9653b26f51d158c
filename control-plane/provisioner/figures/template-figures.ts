import { eq, sql } from "drizzle-orm";
import { Gauge } from "prom-client";
import { type DatabaseLogin, type Queries, withClient } from "../../database.ts";
import { templates } from "../../instance/schema.ts";
import type { Metrics } from "../../observability/metrics.ts";
import { isWhole } from "../../platform/template/catalogue.ts";

/** @param look see {@link templateAge} */
export function addTemplateFigures({ registry, lookUp }: Metrics, look: () => Promise<number>): void {
  const age = new Gauge({
    name: "berth_template_age_seconds",
    help: "Time since the template that new tenants are cloned from was first told of; +Inf while it is not there, or not whole",
    registers: [registry],
  });
  lookUp({
    name: "template",
    source: "the tenants' server, and the instance database",
    figures: [age],
    look,
    show: (found) => age.set(found),
  });
}

/** Seconds. Looks at the server itself: the record does not notice when a template is dropped. */
export async function templateAge(db: Queries, server: DatabaseLogin, name: string): Promise<number> {
  const isThere = await withClient(server, "berth provisioner figures", (client) => isWhole(client, name));
  if (!isThere) return Number.POSITIVE_INFINITY;
  const [row] = await db
    .select({ age: sql<number>`extract(epoch from now() - ${templates.createdAt})::float8` })
    .from(templates)
    .where(eq(templates.name, name));
  return row?.age ?? 0;
}
