import type { Settings } from "../settings.ts";
import type { Tool } from "../tool-names.ts";
import { until } from "../until.ts";
import type { Progress } from "./tools.ts";

/** Milliseconds that a tool may take; pgAdmin makes its own database first. */
const deadlineMs = 120_000;

/** Where each answers without a sign-in, and only when it is ready. */
const readyAt: Record<Tool, { name: string; path: string }> = {
  prometheus: { name: "Prometheus", path: "/-/ready" },
  grafana: { name: "Grafana", path: "/api/health" },
  pgadmin: { name: "pgAdmin", path: "/misc/ping" },
  mailpit: { name: "Mailpit", path: "/readyz" },
};

/** Waits until the tools answer. One that does not is told of, and holds nothing up: no tenant needs it. */
export async function waitForTools(settings: Settings, progress: Progress): Promise<void> {
  const waits = settings.tools.map(async (tool) => {
    const { name, path } = readyAt[tool];
    const port = settings.toolPorts[tool];
    const url = `http://127.0.0.1:${port}${path}`;
    const check = async () => {
      const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
      await answer?.body?.cancel();
      return answer?.ok === true;
    };
    const container = `berth-${settings.env}-${tool}`;
    await until(check, { what: name, deadlineMs, everyMs: 200 }).catch(() =>
      progress(
        `${name} does not answer on port ${port}: look at "docker logs ${container}". All else goes on without it.`,
      ),
    );
  });
  await Promise.all(waits);
}
