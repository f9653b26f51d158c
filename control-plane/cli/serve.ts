import type { Server } from "node:http";
import { serve as listen } from "@hono/node-server";
import { openAlone } from "../alone.ts";
import { type DatabaseLogin, isDatabaseAway } from "../database.ts";
import { createLog, gatheringOutput, type Logger } from "../observability/log.ts";
import { mustBeOwnLogin } from "../own-login.ts";
import { isServiceName, type ServiceName, serviceNames } from "../service-names.ts";
import { openServices, readLogins } from "../services.ts";
import type { Settings } from "../settings.ts";
import { until } from "../until.ts";
import { askedToStop } from "./asked-to-stop.ts";
import type { CommandLine } from "./command-line.ts";

/** Milliseconds that requests under way have when the services are asked to stop. */
const graceMs = 10_000;

interface Served {
  fetch: Parameters<typeof listen>[0]["fetch"];
  port: number;
  logins: Partial<Record<ServiceName, DatabaseLogin>>;
  start(): void;
  stop(): Promise<void>;
}

/** Runs the three services on one port of 127.0.0.1, or one of them on its own, until asked to stop. */
export async function serve(line: CommandLine & { settings: Settings }, service?: string): Promise<void> {
  const { settings, env } = line;
  if (service !== undefined && !isServiceName(service))
    throw new Error(
      `There is no service "${service}": ${serviceNames.join(", ")}, or all of them without a name.`,
    );
  const stop = askedToStop();
  const log = createLog(settings, service ?? "services", gatheringOutput());
  const served = service ? await alone(service, settings, env, log) : await together(settings, log);
  const { promise: fell, reject } = Promise.withResolvers<never>();
  const ending = new AbortController();
  await mustBeOwnLogins(served.logins, log, reject, ending.signal);
  const server = listen({ fetch: served.fetch, port: served.port, hostname: "127.0.0.1" }, ({ port }) =>
    log.info({ port }, "the services answer"),
  ) as Server;
  server.once("error", reject);
  served.start();
  log.info({ reason: await Promise.race([stop, fell]) }, "stopping");
  ending.abort();
  await closed(server);
  await served.stop();
}

async function together(settings: Settings, log: Logger): Promise<Served> {
  const logins = await readLogins(settings);
  const services = await openServices(settings, logins, log);
  return { ...services, port: settings.apiPort, logins };
}

async function alone(
  name: ServiceName,
  settings: Settings,
  env: CommandLine["env"],
  log: Logger,
): Promise<Served> {
  const { service, login } = await openAlone[name]({ settings, env, log });
  return {
    ...service,
    fetch: service.app.fetch,
    port: settings.servicePorts[name],
    logins: { [name]: login },
  };
}

/**
 * Throws a sentence when a service has a login that it must not have. While PostgreSQL is away nobody can tell: then the
 * services serve what they can, and `fall` is called as soon as it is known.
 */
async function mustBeOwnLogins(
  logins: Served["logins"],
  log: Logger,
  fall: (why: Error) => void,
  signal: AbortSignal,
): Promise<void> {
  const check = async () => {
    for (const name of serviceNames) {
      const login = logins[name];
      if (login) await mustBeOwnLogin(name, login);
    }
    return true;
  };
  await check().catch((error) => {
    if (!isDatabaseAway(error)) throw error;
    log.warn(
      { err: error },
      "PostgreSQL is away: whether the logins are the services' own is looked at later",
    );
    const later = () =>
      check().catch((why) => {
        if (!isDatabaseAway(why)) throw why;
        return false;
      });
    const wait = { what: "PostgreSQL", deadlineMs: Number.POSITIVE_INFINITY, everyMs: 1_000, signal };
    until(later, wait).catch((why) => {
      if (!signal.aborted) fall(why);
    });
  });
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
