import { drizzle } from "drizzle-orm/node-postgres";
import { row } from "../access/table.ts";
import { createRequestFigures } from "../http/request-figures.ts";
import { addFigures as addInstanceFigures } from "../instance/figures.ts";
import { workFigures } from "../instance/operation-figures.ts";
import { createLog } from "../observability/log.ts";
import { createMetrics, type Metrics } from "../observability/metrics.ts";
import { addBuildInfo } from "../observability/process-figures.ts";
import { addFigures as addProvisionerFigures } from "../provisioner/figures/add.ts";
import { addOutboxFigures } from "../tenant/outbox-figures.ts";
import { berthVersion } from "../version.ts";

const head = `# Metrics

Made from what the processes register, by \`npm run docs\`; a test compares.

Each service answers \`GET /metrics\` at the root of its own port, the provisioner at \`127.0.0.1:8004\`
(\`BERTH_PROVISIONER_PORT\`), Traefik on its admin port; the exporters have theirs. None of it can be reached through Traefik.

What is looked up is looked up for each scrape, which is answered within a second whatever is away: figures that cannot be
read are missing, \`berth_scrape_errors_total\` grows, and the log has one line for each outage. Where that would be a lie a
figure is missing as well: of a tenant that is gone, and of all tenants when nobody has looked at them for two minutes
(\`berth_figures_age_seconds\` tells). Figures with a 0 that means something have it from the start.

No figure has a host name or the id of a request, an operation, a user or a container as a label. A tenant's figures have its id
(\`tenant\`), its slug and the instance, and go with it.
`;

const nowhere = async () => Promise.reject(new Error("Nothing is looked up for the docs."));

/** What each of our processes tells, in an order for readers. */
async function processes(): Promise<Array<{ title: string; text: string; metrics: Metrics }>> {
  const log = createLog({ env: "docs", logLevel: "fatal" }, "docs");
  const db = drizzle({ query: nowhere } as never);
  const [every, services, tenant, instance, provisioner] = Array.from({ length: 5 }, () =>
    createMetrics(log),
  ) as [Metrics, Metrics, Metrics, Metrics, Metrics];
  addBuildInfo(every.registry, await berthVersion());
  createRequestFigures(services.registry);
  addOutboxFigures(tenant, db);
  addInstanceFigures(instance, db);
  workFigures(provisioner.registry);
  addProvisionerFigures(provisioner, {
    ...{ memory: nowhere, reserved: nowhere, parts: nowhere, templateAge: nowhere, lastBackup: nowhere },
    ...{ pool: { workers: [], idle: 0, ahead: () => [] }, state: { size: nowhere }, figuresAge: () => 0 },
  });
  return [
    {
      title: "Every process of ours",
      text: "And what prom-client tells of a Node process: `process_*` (processor time, memory, open files) and `nodejs_*` (event loop, heap, garbage collection).",
      metrics: every,
    },
    { title: "Every service", text: "", metrics: services },
    { title: "Tenant service", text: "", metrics: tenant },
    {
      title: "Instance service",
      text: `Every 15 seconds the provisioner looks at all instances that people could log in to once: whether they run and answer
(\`/web/health\`, at their own address), what the kernel's control groups say of them (the engine's own figures where those are
elsewhere), PostgreSQL's connections, and Traefik's requests. It asks PostgreSQL for sizes once a minute, and measures files every
five minutes, one tenant after the other, for at most 20 seconds each. What it found it keeps in the instance database.`,
      metrics: instance,
    },
    { title: "Provisioner", text: "", metrics: provisioner },
  ];
}

/** The page of docs/ that has every figure. Nothing is connected for it. */
export async function metricsPage(): Promise<string> {
  const all = await processes();
  const first = all[0]?.metrics;
  const inEvery = new Set(first?.registry.getMetricsAsArray().map(({ name }) => name));
  const sections = all.map(({ title, text, metrics }) => {
    const rows = metrics.registry.getMetricsAsArray().flatMap((one) => {
      // In every process, and told of in the first section.
      if (metrics !== first && inEvery.has(one.name)) return [];
      const { labelNames = [] } = one as { labelNames?: string[] };
      const labels = labelNames.map((label) => `\`${label}\``).join(", ");
      const source = metrics.sources.get(one.name) ?? "counted as it happens";
      return [row([`\`${one.name}\``, String(one.type), labels, one.help, source])];
    });
    const titles = ["name", "type", "labels", "what it is", "from"];
    const table = [row(titles), row(titles.map(() => "---")), ...rows].join("\n");
    return [`## ${title}`, ...(text ? [text] : []), table].join("\n\n");
  });
  return `${[head.trimEnd(), ...sections].join("\n\n")}\n`;
}
