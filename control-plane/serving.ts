import type { Server } from "node:http";
import { serve } from "@hono/node-server";
import type { DatabaseLogin } from "./database.ts";
import type { Logger } from "./observability/log.ts";
import { mustBeOwnLogins } from "./own-logins.ts";
import type { ServiceName } from "./service-names.ts";

/** Milliseconds that requests under way have when the services are asked to stop. */
const graceMs = 10_000;

export interface Served {
  fetch: Parameters<typeof serve>[0]["fetch"];
  /** Address and port. */
  listen: string;
  port: number;
  logins: Partial<Record<ServiceName, DatabaseLogin>>;
  start(): void;
  stop(): Promise<void>;
}

/** Answers until `stop` gives a reason to end. Throws when a login is not the service's own, or a port is taken. */
export async function serveUntil(stop: Promise<string>, served: Served, log: Logger): Promise<void> {
  const { promise: fell, reject } = Promise.withResolvers<never>();
  const ending = new AbortController();
  await mustBeOwnLogins(served.logins, log, reject, ending.signal);
  const server = serve({ fetch: served.fetch, port: served.port, hostname: served.listen }, ({ port }) =>
    log.info({ port }, "the services answer"),
  ) as Server;
  server.once("error", reject);
  served.start();
  log.info({ reason: await Promise.race([stop, fell]) }, "stopping");
  ending.abort();
  await closed(server);
  await served.stop();
}

/** Takes no more requests and waits for those under way; streams are cut when their time is up. */
async function closed(server: Server): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(cut);
}
