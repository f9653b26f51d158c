import { once } from "node:events";
import type { Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { serve } from "@hono/node-server";
import { Counter } from "prom-client";
import { afterEach, expect, test } from "vitest";
import { withMetricsPage } from "../../control-plane/http/metrics-page.ts";
import { createLog } from "../../control-plane/observability/log.ts";
import { createMetrics } from "../../control-plane/observability/metrics.ts";
import { serveFigures } from "../../control-plane/provisioner/serve-figures.ts";
import { freePorts } from "../support/free-ports.ts";

const metrics = createMetrics(createLog({ env: "test", logLevel: "fatal" }, "test"));
new Counter({ name: "things_total", help: "Things", registers: [metrics.registry] }).inc(3);

const closing: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** The answer to a request line as it is written: a client's own URL would be tidied. */
async function raw(port: number, line: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(`${line} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`);
  return text(socket);
}

test("the services' figures are at /metrics itself, and at nothing that only comes to the same", async () => {
  const fetch = withMetricsPage(metrics, (request) => new Response(`service: ${request.url}`));
  const server = serve({ fetch, port: 0, hostname: "127.0.0.1" }) as Server;
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const page = await raw(port, "GET /metrics");
  expect(page).toMatch(/^HTTP\/1.1 200 [\s\S]*content-type: text\/plain; version=0.0.4/i);
  expect(page).toContain("things_total 3");
  for (const line of [
    "GET /user/%2e%2e/metrics",
    "GET /user/../metrics",
    "GET //metrics",
    "GET /metrics/",
    "GET /%6detrics",
    "POST /metrics",
  ])
    expect(await raw(port, line), line).toContain("service: http://127.0.0.1/");
});

test("the provisioner's port answers for its figures and its health only, and says whose it is when it is taken", async () => {
  const [port = 0] = await freePorts(1);
  const server = await serveFigures(port, metrics);
  closing.push(() => server.close());
  const at = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init);
  expect((await at("/health")).status).toBe(503);
  server.ready();
  expect(await (await at("/health")).json()).toEqual({ service: "provisioner", status: "ok" });
  expect(await (await at("/metrics")).text()).toContain("things_total 3");
  expect((await at("/")).status).toBe(404);
  expect((await at("/metrics", { method: "POST" })).status).toBe(404);
  await expect(serveFigures(port, metrics)).rejects.toThrow(
    new RegExp(`Port ${port} is taken by .*: end it, or set BERTH_PROVISIONER_PORT to a free port`),
  );
});
