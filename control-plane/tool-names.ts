import { z } from "zod";

/** What the platform has for people, beside what tenants need. */
export const toolNames = ["prometheus", "grafana", "pgadmin", "mailpit"] as const;
export type Tool = (typeof toolNames)[number];

/** What `BERTH_TOOLS` says. */
export const toolList = z
  .string()
  .transform((text) => (text === "none" ? [] : text.split(",").map((one) => one.trim())))
  .pipe(z.array(z.enum(toolNames, `must be "none", or some of ${toolNames.join(", ")} with commas between`)));

/** Ports of the tools and of the exporters that Prometheus reads: the variable, the default, whose it is, and with which tool. */
export const toolPortVariables = {
  prometheus: { variable: "BERTH_PROMETHEUS_PORT", port: 9090, part: "prometheus", tool: "prometheus" },
  postgresExporter: {
    variable: "BERTH_POSTGRES_EXPORTER_PORT",
    port: 9187,
    part: "postgres-exporter",
    tool: "prometheus",
  },
  redisExporter: {
    variable: "BERTH_REDIS_EXPORTER_PORT",
    port: 9121,
    part: "redis-exporter",
    tool: "prometheus",
  },
  nodeExporter: {
    variable: "BERTH_NODE_EXPORTER_PORT",
    port: 9100,
    part: "node-exporter",
    tool: "prometheus",
  },
  grafana: { variable: "BERTH_GRAFANA_PORT", port: 3000, part: "grafana", tool: "grafana" },
  pgadmin: { variable: "BERTH_PGADMIN_PORT", port: 5050, part: "pgadmin", tool: "pgadmin" },
  mailpit: { variable: "BERTH_MAILPIT_PORT", port: 8025, part: "mailpit", tool: "mailpit" },
  /** Where Mailpit takes mails. */
  smtp: { variable: "BERTH_MAILPIT_SMTP_PORT", port: 1025, part: "mailpit", tool: "mailpit" },
} as const;
export type ToolPort = keyof typeof toolPortVariables;
/** The containers that come with tools. */
export type ToolPart = (typeof toolPortVariables)[ToolPort]["part"];
