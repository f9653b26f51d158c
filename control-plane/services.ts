import { randomUUID } from "node:crypto";
import type { DatabaseLogin } from "./database.ts";
import { openEdge } from "./edge.ts";
import type { HttpEnv } from "./http/context.ts";
import { withFrontPage } from "./http/front-page.ts";
import type { LimitTable } from "./http/limits.ts";
import { createNeighbour } from "./http/neighbour.ts";
import { problemResponse } from "./http/problem.ts";
import type { ServiceApp } from "./http/service.ts";
import { createInstanceClient } from "./instance/client.ts";
import { openInstanceService } from "./instance/open.ts";
import { probeInstance } from "./instance/probe-instance.ts";
import type { ProbeInstance } from "./instance/read-instance.ts";
import type { ServiceKeys } from "./keys.ts";
import { loginAt, readSecret } from "./login.ts";
import type { Mailer } from "./mail/mailer.ts";
import { openMailer } from "./mail/open-mailer.ts";
import type { Logger } from "./observability/log.ts";
import { shownPath } from "./observability/mask.ts";
import type { Metrics } from "./observability/metrics.ts";
import { dataPaths } from "./paths.ts";
import type { ServiceName } from "./service-names.ts";
import { readKeys } from "./service-settings.ts";
import { ownLogins } from "./service-variables.ts";
import { proxiesOf, type Settings } from "./settings.ts";
import { openTenantService } from "./tenant/open.ts";
import { createUserClient } from "./user/client.ts";
import { openUserService } from "./user/open.ts";
import { openSupabase } from "./user/supabase/open.ts";
import type { Supabase } from "./user/supabase/verify.ts";

export interface ServicesOptions {
  settings: Pick<Settings, "domain" | "httpPort">;
  logins: Record<ServiceName, DatabaseLogin>;
  keys: ServiceKeys;
  /** Redis, on 127.0.0.1. Everything works without it, too. */
  redis: { port: number; password: string };
  mailer: Mailer;
  log: Logger;
  /** Where the user and the instance service run when they are not in this process. */
  userUrl?: string;
  instanceUrl?: string;
  probe?: ProbeInstance;
  /** Proxies of ours, which say by X-Forwarded-For where a request came from. */
  proxies?: readonly string[];
  /** The project whose users are let in, if there is one. */
  supabase?: Supabase | undefined;
  /** Other limits of rate than the usual. */
  limits?: LimitTable;
  /** Milliseconds between two signs of life of an event stream. */
  heartbeatMs?: number;
}

export interface Services {
  apps: Record<ServiceName, ServiceApp>;
  metrics: Metrics;
  /** All three behind one port: what `serve` of @hono/node-server takes. */
  fetch(request: Request, env?: HttpEnv["Bindings"]): Response | Promise<Response>;
  /** Starts what works in the background. A database that is away is waited for. */
  start(): void;
  /** Ends what would keep who asks waiting for a long time. */
  leave(): void;
  /** Ends the background work and closes every connection. */
  stop(): Promise<void>;
}

/** Reads what the services are given of the environment's secrets and builds them. */
export async function openServices(
  settings: Settings,
  own: Pick<ServicesOptions, "logins" | "keys">,
  log: Logger,
): Promise<Services> {
  const paths = dataPaths(settings.dataDir);
  return createServices({
    settings,
    log,
    ...own,
    redis: {
      port: settings.redisPort,
      password: await readSecret(paths.serviceFiles("user").redisPassword),
    },
    mailer: await openMailer(settings),
    proxies: proxiesOf(settings),
    supabase: await openSupabase(settings, log),
  });
}

/** The keys of each service. */
export async function readAllKeys(settings: Settings): Promise<ServiceKeys> {
  const read = <Name extends ServiceName>(name: Name) =>
    readKeys(name, dataPaths(settings.dataDir).serviceFiles(name).keys);
  return { user: await read("user"), tenant: await read("tenant"), instance: await read("instance") };
}

/** The run-time login of each service. */
export async function readLogins(settings: Settings): Promise<ServicesOptions["logins"]> {
  const read = (name: ServiceName) => {
    const { login, database } = ownLogins[name];
    const file = dataPaths(settings.dataDir).serviceFiles(name).databasePassword;
    return loginAt(settings, { login, database, file });
  };
  return { user: await read("user"), tenant: await read("tenant"), instance: await read("instance") };
}

/** Builds the three services in one process, each with its own database and nothing of the others' but their HTTP. */
export function createServices(options: ServicesOptions): Services {
  const { settings, logins, keys, log, userUrl, instanceUrl } = options;
  const edge = openEdge({ ...options, counts: keys.user.counts });
  const neighbour = (name: ServiceName, url?: string) =>
    createNeighbour({
      name,
      baseUrl: url ?? `http://${name}.internal`,
      fetch: url ? fetch : async (input, init) => apps[name].request(input, init),
    });
  const user = openUserService({
    ...edge,
    login: logins.user,
    keys: keys.user,
    mailer: options.mailer,
    supabase: options.supabase,
    neighbours: { tenant: neighbour("tenant"), instance: neighbour("instance", instanceUrl) },
    log: log.child({ service: "user" }),
  });
  /** The user service as another one sees it. */
  const userClient = (service: "tenant" | "instance") =>
    createUserClient({
      baseUrl: userUrl ?? "http://user.internal",
      service,
      secret: keys[service].service,
      fetch: userUrl ? fetch : async (input, init) => user.app.request(input, init),
    });
  // Asked for every request, so in one process it is asked without a request in between (decision 0009).
  const identify = userUrl ? undefined : user.identify;
  const instance = openInstanceService({
    ...edge,
    login: logins.instance,
    keys: keys.instance,
    users: userClient("instance"),
    identify,
    neighbours: { user: neighbour("user", userUrl), tenant: neighbour("tenant") },
    probe: options.probe ?? probeInstance,
    heartbeatMs: options.heartbeatMs,
    log: log.child({ service: "instance" }),
  });
  const users = userClient("tenant");
  const tenant = openTenantService({
    ...edge,
    settings,
    login: logins.tenant,
    keys: keys.tenant,
    users,
    identify,
    neighbours: { user: neighbour("user", userUrl), instance: neighbour("instance", instanceUrl) },
    instance: createInstanceClient({
      baseUrl: instanceUrl ?? "http://instance.internal",
      token: () => users.serviceToken("instance"),
      forgetToken: () => users.forgetToken("instance"),
      fetch: instanceUrl ? fetch : async (input, init) => instance.app.request(input, init),
    }),
    log: log.child({ service: "tenant" }),
  });
  const services = [user, instance, tenant];
  const apps: Services["apps"] = { user: user.app, tenant: tenant.app, instance: instance.app };
  return {
    apps,
    metrics: edge.metrics,
    fetch: withFrontPage(byFirstPart(apps, log)),
    start() {
      for (const service of services) service.start();
    },
    leave: () => instance.leave(),
    async stop() {
      // Who asks others ends before them.
      for (const service of services.toReversed()) await service.stop();
      await edge.close();
    },
  };
}

/** Each service keeps its own errors and unknown paths, so requests are handed over whole. */
function byFirstPart(apps: Services["apps"], log: Logger): Services["fetch"] {
  return (request, env) => {
    const first = /^[a-z]+:\/\/[^/]*\/([^/?#]*)/i.exec(request.url)?.[1] ?? "";
    if (Object.hasOwn(apps, first)) return apps[first as keyof typeof apps].fetch(request, env);
    // Without a service's name the health is the tenant service's, which tells of the others too.
    if (first === "health") return apps.tenant.fetch(request, env);
    const requestId = randomUUID();
    const { method, url } = request;
    log.info({ requestId, method, path: shownPath(new URL(url).pathname), status: 404 }, "request");
    return problemResponse(
      requestId,
      "not_found",
      "Paths begin with /user, /tenant or /instance; see /user/reference, /tenant/reference and /instance/reference.",
      undefined,
    );
  };
}
