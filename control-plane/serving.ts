import type { Server } from "node:http";
import { serve } from "@hono/node-server";
import type { DatabaseLogin } from "./database.ts";
import { closer } from "./http/close-server.ts";
import { createLeaving } from "./http/leaving.ts";
import { withMetricsPage } from "./http/metrics-page.ts";
import type { ServiceKeys } from "./keys.ts";
import { mustBeOwn } from "./must-be-own.ts";
import type { Logger } from "./observability/log.ts";
import type { Metrics } from "./observability/metrics.ts";
import { measureProcess } from "./observability/process-figures.ts";
import type { ServiceName } from "./service-names.ts";
import { until } from "./until.ts";

/** Milliseconds in which it still takes requests when it is asked to stop, for those who are connected to go elsewhere. */
const leaveMs = 1_000;
/** Milliseconds that what is under way has then. Both together are less than the ten seconds of `docker stop`. */
const graceMs = 6_000;

export interface Served {
  fetch: Parameters<typeof serve>[0]["fetch"];
  /** Address and port. */
  listen: string;
  port: number;
  logins: Partial<Record<ServiceName, DatabaseLogin>>;
  keys: Partial<ServiceKeys>;
  metrics: Metrics;
  start(): void;
  /** Ends what would wait for a long time: event streams, and questions that wait for news. */
  leave?: (() => void) | undefined;
  stop(): Promise<void>;
}

/** Answers until `stop` gives a reason to end. Throws when a login or key is not the service's own, or a port is taken. */
export async function serveUntil(stop: Promise<string>, served: Served, log: Logger): Promise<void> {
  const { promise: fell, reject } = Promise.withResolvers<never>();
  const ending = new AbortController();
  await mustBeOwn(served, log, reject, ending.signal);
  await measureProcess(served.metrics);
  const leaving = createLeaving(withMetricsPage(served.metrics, served.fetch));
  const server = serve({ fetch: leaving.fetch, port: served.port, hostname: served.listen }, ({ port }) =>
    log.info({ port }, "the services answer"),
  ) as Server;
  const connections = closer(server);
  server.once("error", reject);
  served.start();
  log.info({ reason: await Promise.race([stop, fell]) }, "stopping");
  ending.abort();
  leaving.begin(server);
  const gone = { what: "everybody to have gone", deadlineMs: leaveMs, everyMs: 20 };
  await until(async () => connections.isEmpty(), gone).catch(() => undefined);
  const closed = connections.close(graceMs);
  served.leave?.();
  const cut = await closed;
  if (cut > 0) log.warn({ cut }, "answers that took too long were cut");
  await served.stop();
  log.info("stopped");
}
