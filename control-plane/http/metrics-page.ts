import type { serve } from "@hono/node-server";
import type { Metrics } from "../observability/metrics.ts";

type Fetch = Parameters<typeof serve>[0]["fetch"];

export const metricsPath = "/metrics";

/** An answer with all figures. */
export async function metricsPage({ registry, text }: Metrics): Promise<Response> {
  return new Response(await text(), { headers: { "content-type": registry.contentType } });
}

/**
 * Answers `GET /metrics` besides what the services answer. It is no route of theirs. The path is compared as it was sent:
 * `/user/%2e%2e/metrics` is let through by a proxy that knows `/user/`, and as a URL it is the same.
 */
export function withMetricsPage(metrics: Metrics, fetch: Fetch): Fetch {
  return (request, env) =>
    env.incoming?.url === metricsPath && env.incoming.method === "GET"
      ? metricsPage(metrics)
      : fetch(request, env);
}
