import type { ServiceName } from "./service-names.ts";
import type { Tool } from "./tool-names.ts";

/** What a part is. */
interface Part {
  /** A process of the supervisor, or a container of the platform. */
  runs: "process" | "container";
  /** The service that it is. */
  service?: ServiceName;
  /** The tool that it comes with; what has none is always there. */
  tool?: Tool;
}

/** Everything that a command, or `make ... SERVICE=`, takes by name. The only place with these names. */
export const parts = {
  "user-service": { runs: "process", service: "user" },
  "tenant-service": { runs: "process", service: "tenant" },
  "instance-service": { runs: "process", service: "instance" },
  provisioner: { runs: "process" },
  postgres: { runs: "container" },
  redis: { runs: "container" },
  traefik: { runs: "container" },
  prometheus: { runs: "container", tool: "prometheus" },
  "postgres-exporter": { runs: "container", tool: "prometheus" },
  "redis-exporter": { runs: "container", tool: "prometheus" },
  "node-exporter": { runs: "container", tool: "prometheus" },
  grafana: { runs: "container", tool: "grafana" },
  pgadmin: { runs: "container", tool: "pgadmin" },
  mailpit: { runs: "container", tool: "mailpit" },
} as const satisfies Record<string, Part>;
export type PartName = keyof typeof parts;
export const partNames = Object.keys(parts) as PartName[];

/** What is known of a part. */
export function partOf(name: PartName): Part {
  return parts[name];
}

/** The part of this name. Throws a sentence with those that the verb takes. */
export function findPart<Name extends PartName>(
  verb: string,
  name: string | undefined,
  takes: readonly Name[],
): Name {
  const found = takes.find((one) => one === name);
  if (found) return found;
  const wrong = name ? `There is no part "${name}" to ${verb}` : `Say which part to ${verb}`;
  throw new Error(`${wrong}: ${takes.join(", ")}.`);
}

/** Name of the container of one of the platform's parts. */
export function containerOf(env: string, part: PartName): string {
  return `berth-${env}-${part}`;
}

/** The containers that the platform of an environment should have. */
export function containerParts({ tools }: { tools: readonly Tool[] }): PartName[] {
  return partNames.filter((name) => {
    const { runs, tool } = partOf(name);
    return runs === "container" && (tool === undefined || tools.includes(tool));
  });
}

/** The supervisor's process that a part is in: the three services may share one. */
export function processOf(settings: { services: "together" | "apart" }, part: PartName): string | undefined {
  const { runs, service } = partOf(part);
  if (runs === "container") return undefined;
  if (service === undefined) return part;
  return settings.services === "together" ? "services" : service;
}
