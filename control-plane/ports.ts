import { type ServiceName, serviceNames } from "./service-names.ts";
import { type Tool, type ToolPort, toolPortVariables } from "./tool-names.ts";

/** The settings that say which ports an environment takes. */
export interface PortSettings {
  httpPort: number;
  services: "together" | "apart";
  /** Of all services, when they are together. */
  apiPort: number;
  /** Of each, when they are apart. */
  servicePorts: Record<ServiceName, number>;
  provisionerPort: number;
  traefikAdminPort: number;
  /** What the platform has for people. */
  tools: Tool[];
  /** On 127.0.0.1; they are settled even for tools that are left out. */
  toolPorts: Record<ToolPort, number>;
  postgresPort: number;
  redisPort: number;
}

/** Ports of what is always there, when neither they nor an offset are set. */
export const defaultPorts = {
  BERTH_HTTP_PORT: 80,
  BERTH_API_PORT: 8000,
  BERTH_USER_PORT: 8001,
  BERTH_TENANT_PORT: 8002,
  BERTH_INSTANCE_PORT: 8003,
  BERTH_TRAEFIK_ADMIN_PORT: 8081,
  BERTH_POSTGRES_PORT: 5432,
  BERTH_REDIS_PORT: 6379,
  BERTH_PROVISIONER_PORT: 8004,
};

type ToolPortVariable = (typeof toolPortVariables)[ToolPort]["variable"];

/** Every variable that sets a port. */
export const portVariables: string[] = [
  ...Object.keys(defaultPorts),
  ...Object.values(toolPortVariables).map(({ variable }) => variable),
];

/** The port that each variable sets: as it is given, or its default and the offset. */
export function portNumbers(
  given: Partial<Record<keyof typeof defaultPorts | ToolPortVariable, number | undefined>>,
  offset: number,
): Omit<PortSettings, "services" | "tools"> {
  const at = (variable: keyof typeof defaultPorts) => given[variable] ?? defaultPorts[variable] + offset;
  return {
    httpPort: at("BERTH_HTTP_PORT"),
    apiPort: at("BERTH_API_PORT"),
    servicePorts: {
      user: at("BERTH_USER_PORT"),
      tenant: at("BERTH_TENANT_PORT"),
      instance: at("BERTH_INSTANCE_PORT"),
    },
    provisionerPort: at("BERTH_PROVISIONER_PORT"),
    traefikAdminPort: at("BERTH_TRAEFIK_ADMIN_PORT"),
    toolPorts: Object.fromEntries(
      Object.entries(toolPortVariables).map(([name, one]) => [
        name,
        given[one.variable] ?? one.port + offset,
      ]),
    ) as PortSettings["toolPorts"],
    postgresPort: at("BERTH_POSTGRES_PORT"),
    redisPort: at("BERTH_REDIS_PORT"),
  };
}

/** The ports that the services take, with the variable that sets each. */
export function servicePortsOf({
  services,
  apiPort,
  servicePorts,
}: Pick<PortSettings, "services" | "apiPort" | "servicePorts">): Array<{ variable: string; port: number }> {
  if (services === "together") return [{ variable: "BERTH_API_PORT", port: apiPort }];
  return serviceNames.map((name) => ({
    variable: `BERTH_${name.toUpperCase()}_PORT`,
    port: servicePorts[name],
  }));
}

/** The port on 127.0.0.1 where each service answers. */
export function portsByService({
  services,
  apiPort,
  servicePorts,
}: Pick<PortSettings, "services" | "apiPort" | "servicePorts">): Record<ServiceName, number> {
  return services === "apart" ? servicePorts : { user: apiPort, tenant: apiPort, instance: apiPort };
}

/** A port that an environment takes on this machine. */
export interface TakenPort {
  /** The part that listens: a name of the platform's, of a service, or `services` for all three. */
  part: string;
  variable: string;
  port: number;
  /** Address it listens on. */
  address: "127.0.0.1" | "0.0.0.0";
}

/** Every port that an environment takes with these settings. */
export function portsOf(settings: PortSettings): TakenPort[] {
  const here = "127.0.0.1" as const;
  const services = servicePortsOf(settings).map(({ variable, port }) => ({
    part: settings.services === "together" ? "services" : (variable.split("_")[1]?.toLowerCase() ?? ""),
    variable,
    port,
    address: here,
  }));
  const tools = Object.entries(toolPortVariables).flatMap(([name, { variable, part, tool }]) =>
    settings.tools.includes(tool)
      ? [{ part, variable, port: settings.toolPorts[name as ToolPort], address: here }]
      : [],
  );
  return [
    { part: "traefik", variable: "BERTH_HTTP_PORT", port: settings.httpPort, address: "0.0.0.0" },
    ...services,
    {
      part: "provisioner",
      variable: "BERTH_PROVISIONER_PORT",
      port: settings.provisionerPort,
      address: here,
    },
    { part: "traefik", variable: "BERTH_TRAEFIK_ADMIN_PORT", port: settings.traefikAdminPort, address: here },
    { part: "postgres", variable: "BERTH_POSTGRES_PORT", port: settings.postgresPort, address: here },
    { part: "redis", variable: "BERTH_REDIS_PORT", port: settings.redisPort, address: here },
    ...tools,
  ];
}

/** What is wrong where two variables set the same port. */
export function sharedPort(settings: PortSettings): string | undefined {
  const seen = new Map<number, string>();
  for (const { variable, port } of portsOf(settings)) {
    const other = seen.get(port);
    if (other) return `${other} and ${variable} are both ${port}; give each a port of its own.`;
    seen.set(port, variable);
  }
  return undefined;
}
