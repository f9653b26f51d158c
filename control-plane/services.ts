import { createServiceTokenVerifier } from "./access/service-token.ts";
import { createCounters } from "./counters.ts";
import { type DatabaseLogin, openDatabase } from "./database.ts";
import { type Authenticate, authenticateBy } from "./http/authenticate.ts";
import type { HttpEnv } from "./http/context.ts";
import { forgetOldAnswers } from "./http/idempotency.ts";
import { createLimiter } from "./http/limit.ts";
import type { LimitTable } from "./http/limits.ts";
import { createOriginOf } from "./http/origin.ts";
import { problemResponse } from "./http/problem.ts";
import type { ServiceApp } from "./http/service.ts";
import { createInstanceApp } from "./instance/app.ts";
import { createInstanceClient } from "./instance/client.ts";
import { checkProvisioner } from "./instance/presence.ts";
import { probeInstance } from "./instance/probe-instance.ts";
import { createWake } from "./instance/queue.ts";
import type { ProbeInstance } from "./instance/read-instance.ts";
import { feedSignal } from "./instance/routes/feed.ts";
import { createSecretsBox, deriveKey } from "./instance/secrets-box.ts";
import { listen } from "./listen.ts";
import { readLogin, readSecret } from "./login.ts";
import type { Mailer } from "./mail/mailer.ts";
import { openMailer } from "./mail/open-mailer.ts";
import type { Logger } from "./observability/log.ts";
import { dataPaths } from "./paths.ts";
import { openRedis, type RedisConnection } from "./redis.ts";
import type { Settings } from "./settings.ts";
import { createSignals } from "./signals.ts";
import { createTenantApp } from "./tenant/app.ts";
import { createOdooCheck } from "./tenant/catalogue.ts";
import { createCatchUp } from "./tenant/catch-up.ts";
import { followFeed } from "./tenant/follow-feed.ts";
import { outboxSignal, startOutbox } from "./tenant/outbox.ts";
import { forgetOldCodes } from "./user/account/forget-codes.ts";
import { createUserApp } from "./user/app.ts";
import { createUserClient } from "./user/client.ts";
import { createIdentify } from "./user/identify.ts";
import { createIdentity } from "./user/identity.ts";
import { joining } from "./user/in-transaction.ts";
import { createPost } from "./user/mail/post.ts";
import { createFailedSignIns } from "./user/session/failed-sign-ins.ts";
import { openKnownAddresses } from "./user/session/known-addresses.ts";
import { openSessionCopies } from "./user/session/session-copies.ts";
import { sessionStorage } from "./user/session/session-storage.ts";
import { identifySupabase } from "./user/supabase/identify-supabase.ts";
import { openSupabase } from "./user/supabase/open.ts";
import type { Supabase } from "./user/supabase/verify.ts";

export interface ServicesOptions {
  settings: Pick<Settings, "domain" | "httpPort">;
  logins: { user: DatabaseLogin; tenant: DatabaseLogin; instance: DatabaseLogin };
  /** What the key file holds. */
  key: string;
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
  apps: Record<"user" | "tenant" | "instance", ServiceApp>;
  /** All three behind one port: what `serve` of @hono/node-server takes. */
  fetch(request: Request, env?: HttpEnv["Bindings"]): Response | Promise<Response>;
  /** Starts what works in the background. A database that is away is waited for. */
  start(): void;
  /** Ends the background work and closes every connection. */
  stop(): Promise<void>;
}

/** Minutes between two looks for answers that are kept long enough. */
const tidyMinutes = 60;

/** Reads the environment's secrets and builds the services. */
export async function openServices(settings: Settings, log: Logger): Promise<Services> {
  const paths = dataPaths(settings.dataDir);
  return createServices({
    settings,
    log,
    key: await readSecret(paths.key),
    redis: { port: settings.redisPort, password: await readSecret(paths.redisPassword) },
    mailer: await openMailer(settings),
    proxies: settings.proxies,
    supabase: await openSupabase(settings, log),
    logins: {
      user: await readLogin(settings, "auth_run", "auth"),
      tenant: await readLogin(settings, "tenant_run", "tenant"),
      instance: await readLogin(settings, "instance_run", "instance"),
    },
  });
}

/** Builds the three services, each with its own database and nothing of the others' but their HTTP. */
export function createServices(options: ServicesOptions): Services {
  const { settings, logins, log } = options;
  const databases = {
    user: openDatabase({ login: logins.user, name: "berth user", log }),
    tenant: openDatabase({ login: logins.tenant, name: "berth tenant", log }),
    instance: openDatabase({ login: logins.instance, name: "berth instance", log }),
  };
  // Sign-ins hold connections while passwords are hashed: who calls must be found out all the same.
  const callers = openDatabase({ login: logins.user, name: "berth callers", log });
  const secret = deriveKey(options.key, "idempotency");
  const serviceSecrets = new Map(
    ["tenant", "instance"].map((service) => [service, deriveKey(options.key, `service ${service}`)]),
  );
  const signals = { tenant: createSignals(), instance: createSignals() };
  const wake = createWake(databases.instance.db);

  const redis = openRedis({ ...options.redis, name: "berth-services", log });
  const { copies, failures, limiter } = overRedis(redis, options);
  const originOf = createOriginOf(options.proxies ?? []);
  const userLog = log.child({ service: "user" });
  const post = createPost({ mailer: options.mailer, log: userLog });
  const identity = createIdentity({
    db: databases.user.db,
    secret: deriveKey(options.key, "identity").toString("base64"),
    post,
    log: userLog,
    storage: sessionStorage({ db: joining(databases.user.db), copies }),
  });
  const identify = createIdentify({ db: callers.db, log: userLog });
  const people: Authenticate = async (token, requestId) =>
    options.supabase?.isToken(token)
      ? identifySupabase({ db: callers.db, supabase: options.supabase }, token, requestId)
      : identify(token);
  const user = createUserApp({
    limiter,
    originOf,
    failures,
    authenticate: authenticateBy(
      createServiceTokenVerifier("user", () => identity.api.getJwks()),
      people,
    ),
    log: userLog,
    db: databases.user.db,
    within: databases.user.within,
    identity,
    identify: people,
    supabase: options.supabase,
    post,
    serviceSecrets,
    secret,
    checks: { database: () => databases.user.ping(), redis: () => redis.ping() },
  });
  /** The user service as another one sees it. */
  const userClient = (service: string) =>
    createUserClient({
      baseUrl: options.userUrl ?? "http://user.internal",
      service,
      secret: serviceSecrets.get(service)?.toString("base64url") ?? "",
      fetch: options.userUrl ? fetch : async (input, init) => user.request(input, init),
    });
  const users = { tenant: userClient("tenant"), instance: userClient("instance") };
  // Asked for every request, so in one process it is asked without a request in between (decision 0009).
  const authenticate = (service: "tenant" | "instance") =>
    authenticateBy(
      createServiceTokenVerifier(service, users[service].keys),
      options.userUrl ? users[service].identify : people,
    );

  const instance = createInstanceApp({
    authenticate: authenticate("instance"),
    limiter,
    originOf,
    log: log.child({ service: "instance" }),
    ctx: { box: createSecretsBox(options.key), wake },
    within: databases.instance.within,
    probe: options.probe ?? probeInstance,
    signals: signals.instance,
    secret,
    heartbeatMs: options.heartbeatMs ?? 15_000,
    checks: {
      database: () => databases.instance.ping(),
      provisioner: () => checkProvisioner(databases.instance.db),
    },
  });
  const client = createInstanceClient({
    baseUrl: options.instanceUrl ?? "http://instance.internal",
    token: () => users.tenant.serviceToken("instance"),
    fetch: options.instanceUrl ? fetch : async (input, init) => instance.request(input, init),
  });
  const tenant = createTenantApp({
    authenticate: authenticate("tenant"),
    limiter,
    originOf,
    log: log.child({ service: "tenant" }),
    ctx: { addressOf: addressOf(settings) },
    within: databases.tenant.within,
    findOrganization: users.tenant.hasOrganization,
    forgetOrganization: users.tenant.deleteOrganization,
    checkOdoo: createOdooCheck(client),
    catchUp: createCatchUp({ db: databases.tenant.db, instance: client, log }),
    secret,
    checks: { database: () => databases.tenant.ping(), instance: () => client.ping() },
  });
  const apps = { user, tenant, instance };

  const background: Array<{ stop(): Promise<void> }> = [];
  return {
    apps,
    fetch: byFirstPart(apps),
    start() {
      const tenantListener = listen({
        login: logins.tenant,
        name: "berth tenant listener",
        channels: ["outbox"],
        onNotify: () => signals.tenant.fire(outboxSignal),
        onConnect: () => signals.tenant.fire(),
        log,
      });
      const instanceListener = listen({
        login: logins.instance,
        name: "berth instance listener",
        channels: ["feed", "operation_events"],
        onNotify: (channel, payload) => signals.instance.fire(channel === "feed" ? feedSignal : payload),
        onConnect: () => signals.instance.fire(),
        log,
      });
      const tidy = setInterval(() => {
        for (const { db } of Object.values(databases)) {
          forgetOldAnswers(db).catch((error) => log.warn({ err: error }, "old answers stay for now"));
        }
        forgetOldCodes(databases.user.db).catch((error) =>
          log.warn({ err: error }, "old codes stay for now"),
        );
      }, tidyMinutes * 60_000);
      background.push(
        startOutbox({ db: databases.tenant.db, instance: client, signals: signals.tenant, log }),
        followFeed({ db: databases.tenant.db, instance: client, log }),
        { stop: () => tenantListener.close() },
        { stop: () => instanceListener.close() },
        { stop: async () => clearInterval(tidy) },
      );
    },
    async stop() {
      await Promise.all(background.splice(0).map((part) => part.stop()));
      options.mailer.close();
      copies.close();
      await redis.close();
      await Promise.all([callers, ...Object.values(databases)].map((database) => database.close()));
    },
  };
}

/** What counts and remembers in Redis, with prefixes of its own beside Traefik's routes. */
function overRedis({ client }: RedisConnection, { key, limits, log }: ServicesOptions) {
  const secret = deriveKey(key, "counts").toString("base64");
  const counters = createCounters({ redis: client, prefix: "berth:counts", secret, log });
  const known = openKnownAddresses({ redis: client, prefix: "berth:known", secret, log });
  return {
    copies: openSessionCopies({ redis: client, prefix: "berth:identity", log }),
    failures: createFailedSignIns(counters, known),
    limiter: createLimiter(counters, limits),
  };
}

/** Where a tenant's first instance answers. */
function addressOf({ domain, httpPort }: Pick<Settings, "domain" | "httpPort">) {
  const port = httpPort === 80 ? "" : `:${httpPort}`;
  return (slug: string) => ({ host: `${slug}.${domain}`, url: `http://${slug}.${domain}${port}` });
}

/** Each service keeps its own errors and unknown paths, so requests are handed over whole. */
function byFirstPart(apps: Services["apps"]): Services["fetch"] {
  return (request, env) => {
    const first = /^[a-z]+:\/\/[^/]*\/([^/?#]*)/i.exec(request.url)?.[1] ?? "";
    if (Object.hasOwn(apps, first)) return apps[first as keyof typeof apps].fetch(request, env);
    // Without a service's name the health is the tenant service's, which tells of the instance service too.
    if (first === "health") return apps.tenant.fetch(request, env);
    return problemResponse(
      "none",
      "not_found",
      "Paths begin with /user, /tenant or /instance; see /user/reference, /tenant/reference and /instance/reference.",
      undefined,
    );
  };
}
