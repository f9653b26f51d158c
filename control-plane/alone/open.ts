import type { DatabaseLogin } from "../database.ts";
import { openEdge } from "../edge.ts";
import { createNeighbour } from "../http/neighbour.ts";
import type { ServiceKeys } from "../keys.ts";
import type { Logger } from "../observability/log.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { RunningService } from "../running-service.ts";
import { type ServiceName, serviceNames } from "../service-names.ts";
import { readServiceSettings, type ServiceSettings } from "../service-settings.ts";
import { proxiesOf, type Settings } from "../settings.ts";
import { createUserClient } from "../user/client.ts";

/** What runs one service in a process of its own, which knows of the others where they answer and nothing else. */
export interface Alone {
  settings: Settings;
  env: Record<string, string | undefined>;
  log: Logger;
}

/** Builds one service from its own settings. Its login is for the caller to look at before it serves. */
export type OpenAlone = (alone: Alone) => Promise<{
  service: RunningService;
  login: DatabaseLogin;
  keys: ServiceKeys[ServiceName];
  metrics: Metrics;
  /** Address to listen on. */
  listen: string;
  /** Where each service answers. */
  urls: Record<ServiceName, string>;
}>;

/** Reads a service's own settings, and opens what stands before it. */
export async function openOwn<Name extends ServiceName>(name: Name, { settings, env, log }: Alone) {
  const own = await readServiceSettings(name, settings, env);
  const edge = openEdge({
    redis: { port: settings.redisPort, password: own.redisPassword },
    counts: own.keys.counts,
    proxies: proxiesOf(settings),
    log,
  });
  const opened = (service: RunningService) => ({
    service: closing(service, edge),
    login: own.login,
    keys: own.keys,
    metrics: edge.metrics,
    listen: own.listen,
    urls: own.urls,
  });
  return { own, edge, opened };
}

/** The user service as another one sees it. */
export function userClient(service: "tenant" | "instance", { urls, keys }: ServiceSettings<typeof service>) {
  return createUserClient({ baseUrl: urls.user, service, secret: keys.service, fetch });
}

/** The other two, as one of the services sees them. */
export function neighboursOf(service: ServiceName, { urls }: Pick<ServiceSettings<ServiceName>, "urls">) {
  const others = serviceNames.filter((name) => name !== service);
  return Object.fromEntries(
    others.map((name) => [name, createNeighbour({ name, baseUrl: urls[name], fetch })]),
  );
}

function closing(service: RunningService, edge: { close(): Promise<void> }): RunningService {
  return {
    ...service,
    async stop() {
      await service.stop();
      await edge.close();
    },
  };
}
