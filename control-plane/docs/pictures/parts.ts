import { portsOf, type TakenPort } from "../../ports.ts";
import { parseSettings } from "../../settings.ts";
import { toolNames, toolPortVariables } from "../../tool-names.ts";

/** Who asks whom, and for what. Whoever is outside is in quotes. */
const asks: Array<[from: string, to: string, what: string]> = [
  ["people", "traefik", "tenants' pages, the API"],
  ["traefik", "tenant", "by host name"],
  ["traefik", "services", "api.&lt;domain&gt;"],
  ["traefik", "redis", "routes"],
  ["services", "postgres", "the record"],
  ["services", "redis", "counts, copies"],
  ["services", "mailpit", "mails"],
  ["provisioner", "postgres", "operations, state, clones"],
  ["provisioner", "redis", "routes"],
  ["provisioner", "tenant", "makes and looks at"],
  ["tenant", "postgres", "its own database"],
  ["operator", "grafana", "dashboards"],
  ["operator", "pgadmin", "databases"],
  ["grafana", "prometheus", "figures"],
  ["pgadmin", "postgres", ""],
  ["prometheus", "services", "figures"],
  ["prometheus", "provisioner", "figures"],
  ["prometheus", "traefik", "figures"],
  ["prometheus", "postgres-exporter", "figures"],
  ["prometheus", "redis-exporter", "figures"],
  ["prometheus", "node-exporter", "figures"],
  ["prometheus", "mailpit", "figures"],
  ["postgres-exporter", "postgres", ""],
  ["redis-exporter", "redis", ""],
];

/** What is not of this list of ports: people, and the tenants' containers. */
const others: Record<string, string> = {
  people: "(people)",
  operator: "(operator)",
  tenant: '["a tenant: Odoo<br/>in the tenants\' network"]',
};

/** The parts of an environment with their usual ports, as settings and platform have them. Throws when one is in no picture. */
export function partsPicture(): string {
  const byPart = Map.groupBy(
    portsOf(parseSettings({ BERTH_TOOLS: toolNames.join(",") })),
    ({ part }) => part,
  );
  const tools = new Set<string>(Object.values(toolPortVariables).map(({ part }) => part));
  const drawn = new Set([...asks.map(([from]) => from), ...asks.map(([, to]) => to)]);
  for (const part of byPart.keys())
    if (!drawn.has(part)) throw new Error(`Say in this picture who asks the part "${part}".`);
  for (const name of drawn)
    if (!byPart.has(name) && !(name in others)) throw new Error(`There is no part "${name}" any more.`);
  const boxes = [...byPart].map(([part, ports]) => box(part, ports, tools.has(part)));
  return [
    "flowchart LR",
    ...Object.entries(others).map(([name, shape]) => `  ${name}${shape}`),
    ...boxes.filter(({ isTool }) => !isTool).map(({ line }) => `  ${line}`),
    '  subgraph tools["for people who look"]',
    ...boxes.filter(({ isTool }) => isTool).map(({ line }) => `    ${line}`),
    "  end",
    ...asks.map(([from, to, what]) => `  ${from} ${what === "" ? "-->" : `-- "${what}" -->`} ${to}`),
  ].join("\n");
}

function box(part: string, ports: TakenPort[], isTool: boolean) {
  const shown = ports.map(({ port, address }) =>
    address === "0.0.0.0" ? `:${port} for all` : `127.0.0.1:${port}`,
  );
  return { isTool, line: `${part}["${[part, ...shown].join("<br/>")}"]` };
}
