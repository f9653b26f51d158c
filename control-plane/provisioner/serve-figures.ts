import { createServer } from "node:http";
import { metricsPage, metricsPath } from "../http/metrics-page.ts";
import type { Metrics } from "../observability/metrics.ts";
import { takenPort } from "../platform/taken-port.ts";

export interface FiguresServer {
  /** From now on it says of itself that it takes work. */
  ready(): void;
  close(): Promise<void>;
}

/** Answers `/metrics` and `/health` on 127.0.0.1, and nothing else. Throws a sentence when the port is taken. */
export async function serveFigures(port: number, metrics: Metrics): Promise<FiguresServer> {
  let status = "starting";
  const answer = async (path: string | undefined): Promise<Response> => {
    if (path === metricsPath) return metricsPage(metrics);
    if (path === "/health")
      return Response.json({ service: "provisioner", status }, { status: status === "ok" ? 200 : 503 });
    return Response.json({ detail: `There is nothing but ${metricsPath} and /health.` }, { status: 404 });
  };
  const server = createServer(({ method, url }, response) => {
    const found = method === "GET" ? answer(url) : answer(undefined);
    found
      .then(async (made) => {
        response.writeHead(made.status, Object.fromEntries(made.headers)).end(await made.text());
      })
      .catch((error) => response.destroy(error));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host: "127.0.0.1", exclusive: true }, resolve);
  }).catch(async (error: NodeJS.ErrnoException) => {
    const taken =
      error.code === "EADDRINUSE" && (await takenPort("BERTH_PROVISIONER_PORT", port, "127.0.0.1"));
    throw taken ? new Error(taken) : error;
  });
  return {
    ready() {
      status = "ok";
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
