import type { Server } from "node:http";
import { serve as listen } from "@hono/node-server";
import { createLog, gatheringOutput } from "../observability/log.ts";
import { openServices } from "../services.ts";
import type { Settings } from "../settings.ts";
import { askedToStop } from "./asked-to-stop.ts";

/** Milliseconds that requests under way have when the services are asked to stop. */
const graceMs = 10_000;

/** Runs the three services on one port of 127.0.0.1 until they are asked to stop. */
export async function serve(settings: Settings): Promise<void> {
  const stop = askedToStop();
  const log = createLog(settings, "services", gatheringOutput());
  const services = await openServices(settings, log);
  const { promise: fell, reject } = Promise.withResolvers<never>();
  const server = listen(
    { fetch: services.fetch, port: settings.apiPort, hostname: "127.0.0.1" },
    ({ port }) => log.info({ port }, "the services answer"),
  ) as Server;
  server.once("error", reject);
  services.start();
  log.info({ reason: await Promise.race([stop, fell]) }, "stopping");
  await closed(server);
  await services.stop();
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
