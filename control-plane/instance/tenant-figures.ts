import { and, eq, getTableColumns, gt, sql } from "drizzle-orm";
import { Counter, Gauge } from "prom-client";
import type { Queries } from "../database.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { InstanceFigures } from "./put-figures.ts";
import { instanceFigures, instances, stacks } from "./schema.ts";
import { isWanted } from "./watched-instances.ts";

type Found = InstanceFigures & { slug: string | null };
type Name = keyof Omit<InstanceFigures, "tenantId" | "instance">;

/** Older figures say nothing of now: whoever looks at tenants has stopped to. */
const freshFor = "2 minutes";

const gauges: Array<{ name: string; help: string; from: Name }> = [
  {
    name: "berth_tenant_up",
    help: "1 when the instance's container runs and it answers at its own address, else 0",
    from: "up",
  },
  {
    name: "berth_tenant_memory_bytes",
    help: "Memory that its processes use, without what the kernel could take back at once",
    from: "memoryBytes",
  },
  {
    name: "berth_tenant_memory_limit_bytes",
    help: "Memory that they may use; 0 when there is no limit, or when it does not run",
    from: "memoryLimitBytes",
  },
  {
    name: "berth_tenant_connections",
    help: "Connections to its database",
    from: "connections",
  },
  {
    name: "berth_tenant_database_bytes",
    help: "Size of its database; looked at once a minute",
    from: "databaseBytes",
  },
  {
    name: "berth_tenant_files_bytes",
    help: "Size of its files on the disk; measured every five minutes",
    from: "filesBytes",
  },
];

const counters: Array<{ name: string; help: string; from: Name }> = [
  {
    name: "berth_tenant_cpu_seconds_total",
    help: "Processor time of its container since that was started",
    from: "cpuSeconds",
  },
  {
    name: "berth_tenant_request_seconds_sum",
    help: "Time that its requests took together since Traefik was started, without websockets",
    from: "requestSeconds",
  },
  {
    name: "berth_tenant_request_seconds_count",
    help: "How many requests these were",
    from: "requestCount",
  },
];

const classes = {
  "2xx": "requests2xx",
  "3xx": "requests3xx",
  "4xx": "requests4xx",
  "5xx": "requests5xx",
} as const;

const labels = ["tenant", "slug", "instance"] as const;

/** Figures of every instance, as the provisioner has last seen it. */
export function addTenantFigures({ registry, lookUp }: Metrics, db: Queries): void {
  const registers = [registry];
  const labelNames = [...labels];
  const single = [
    ...gauges.map(({ name, help, from }) => {
      const gauge = new Gauge({ name, help, labelNames, registers });
      return { from, figure: gauge, set: gauge.set.bind(gauge) };
    }),
    ...counters.map(({ name, help, from }) => {
      const counter = new Counter({ name, help, labelNames, registers });
      return { from, figure: counter, set: counter.inc.bind(counter) };
    }),
  ];
  const requests = new Counter({
    name: "berth_tenant_requests_total",
    help: "Requests that Traefik has answered for it since it was started, by class of status; without websockets",
    labelNames: [...labels, "class"],
    registers,
  });
  lookUp({
    name: "tenants",
    source: "what the provisioner saw last, in the instance database",
    figures: [...single.map(({ figure }) => figure), requests],
    look: () => readFigures(db),
    show(found) {
      for (const one of found) {
        const own = { tenant: one.tenantId, slug: one.slug ?? "", instance: one.instance };
        for (const { from, set } of single) if (one[from] !== null) set(own, Number(one[from]));
        for (const [name, from] of Object.entries(classes)) {
          const count = one[from];
          if (count !== null) requests.inc({ ...own, class: name }, count);
        }
      }
    },
  });
}

/** Exported for tests of what is asked. */
export function readFigures(db: Queries): Promise<Found[]> {
  const { lookedAt, ...columns } = getTableColumns(instanceFigures);
  return db
    .select({ ...columns, slug: stacks.slug })
    .from(instanceFigures)
    .innerJoin(stacks, eq(stacks.tenantId, instanceFigures.tenantId))
    .innerJoin(
      instances,
      and(eq(instances.tenantId, instanceFigures.tenantId), eq(instances.name, instanceFigures.instance)),
    )
    .where(and(gt(lookedAt, sql`now() - ${freshFor}::interval`), isWanted));
}
