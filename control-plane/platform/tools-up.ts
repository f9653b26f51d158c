import { containerOf } from "../part-names.ts";
import type { Settings } from "../settings.ts";
import { type ToolPart, type ToolPort, toolPortVariables } from "../tool-names.ts";
import { until } from "../until.ts";
import type { Progress } from "./tools.ts";

/** Milliseconds that one may take; pgAdmin makes its own database first. */
const defaultDeadlineMs = 120_000;

/** Where each answers without a sign-in, and only when it is ready. An exporter is when it gives its figures. */
const readyAt: Record<ToolPart, { name: string; port: ToolPort; path: string }> = {
  prometheus: { name: "Prometheus", port: "prometheus", path: "/-/ready" },
  "postgres-exporter": { name: "PostgreSQL's exporter", port: "postgresExporter", path: "/metrics" },
  "redis-exporter": { name: "Redis's exporter", port: "redisExporter", path: "/metrics" },
  "node-exporter": { name: "the machine's exporter", port: "nodeExporter", path: "/metrics" },
  grafana: { name: "Grafana", port: "grafana", path: "/api/health" },
  pgadmin: { name: "pgAdmin", port: "pgadmin", path: "/misc/ping" },
  mailpit: { name: "Mailpit", port: "mailpit", path: "/readyz" },
};

/** Waits until the tools answer. One that does not is told of, and holds nothing up: no tenant needs it. */
export async function waitForTools(settings: Settings, progress: Progress): Promise<void> {
  const waits = settings.tools.map((tool) =>
    waitForToolPart(settings, tool).catch((error: Error) =>
      progress(`${error.message} All else goes on without it.`),
    ),
  );
  await Promise.all(waits);
}

/** True for a container that comes with a tool. */
export function isToolPart(part: string): part is ToolPart {
  return Object.values(toolPortVariables).some((one) => one.part === part);
}

/** Waits until a tool or an exporter answers. Throws a sentence that says which does not, and where to look. */
export async function waitForToolPart(
  settings: Settings,
  part: ToolPart,
  deadlineMs = defaultDeadlineMs,
): Promise<void> {
  const { name, port, path } = readyAt[part];
  const url = `http://127.0.0.1:${settings.toolPorts[port]}${path}`;
  const check = async () => {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    await answer?.body?.cancel();
    return answer?.ok === true;
  };
  await until(check, { what: name, deadlineMs, everyMs: 200 }).catch((cause: Error) => {
    const container = containerOf(settings.env, part);
    throw new Error(
      `${name} does not answer on port ${settings.toolPorts[port]}: look at "docker logs ${container}".`,
      { cause },
    );
  });
}
