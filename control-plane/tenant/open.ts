import { createServiceTokenVerifier } from "../access/service-token.ts";
import { ownAudit } from "../audit/read-audit.ts";
import { type DatabaseLogin, openDatabase } from "../database.ts";
import { type Authenticate, authenticateBy } from "../http/authenticate.ts";
import type { Checks } from "../http/health.ts";
import { forgetOldAnswers } from "../http/idempotency.ts";
import type { ServiceOptions } from "../http/service.ts";
import type { InstanceClient } from "../instance/client.ts";
import type { ServiceKeys } from "../keys.ts";
import { listen } from "../listen.ts";
import type { Metrics } from "../observability/metrics.ts";
import { lifeOf, type RunningService } from "../running-service.ts";
import type { Settings } from "../settings.ts";
import { createSignals } from "../signals.ts";
import { startTidying } from "../tidy.ts";
import type { UserClient } from "../user/client.ts";
import { createTenantApp } from "./app.ts";
import { createOdooCheck } from "./catalogue.ts";
import { createCatchUp } from "./catch-up.ts";
import { followFeed } from "./follow-feed.ts";
import { outboxSignal, startOutbox } from "./outbox.ts";
import { addOutboxFigures } from "./outbox-figures.ts";

export interface TenantServiceOptions extends Omit<ServiceOptions, "authenticate"> {
  settings: Pick<Settings, "domain" | "httpPort">;
  login: DatabaseLogin;
  keys: ServiceKeys["tenant"];
  users: UserClient;
  /** Asks whose a token is, where that can be asked more straight than by `users`. */
  identify?: Authenticate | undefined;
  instance: InstanceClient;
  neighbours: Checks["neighbours"];
  metrics: Metrics;
}

/** What should be, over the tenant database. */
export function openTenantService(options: TenantServiceOptions): RunningService {
  const {
    settings,
    login,
    keys,
    users,
    identify = users.identify,
    instance,
    neighbours,
    metrics,
    log,
  } = options;
  const database = openDatabase({ login, name: "berth tenant", log });
  const { db, within } = database;
  const signals = createSignals();
  addOutboxFigures(metrics, db);
  const app = createTenantApp({
    limiter: options.limiter,
    originOf: options.originOf,
    requests: options.requests,
    log,
    authenticate: authenticateBy(createServiceTokenVerifier("tenant", users.keys), identify),
    ctx: { addressOf: addressOf(settings) },
    within,
    findOrganization: users.hasOrganization,
    forgetOrganization: users.deleteOrganization,
    checkOdoo: createOdooCheck(instance),
    catchUp: createCatchUp({ db, instance, log }),
    audit: (requestId) => ({
      user: users.audit(requestId),
      tenant: ownAudit(db),
      instance: instance.audit(requestId),
    }),
    secret: keys.idempotency,
    checks: { own: { database: () => database.ping() }, neighbours },
  });
  const begin = () => {
    const listener = listen({
      login,
      name: "berth tenant listener",
      channels: ["outbox"],
      onNotify: () => signals.fire(outboxSignal),
      onConnect: () => signals.fire(),
      log,
    });
    return [
      startOutbox({ db, instance, signals, log }),
      followFeed({ db, instance, job: metrics.job("follow the feed"), log }),
      { stop: () => listener.close() },
      startTidying("tenant", { answers: () => forgetOldAnswers(db) }, { metrics, log }),
    ];
  };
  return { app, ...lifeOf(begin, () => database.close()) };
}

/** Where a tenant's first instance answers. */
function addressOf({ domain, httpPort }: Pick<Settings, "domain" | "httpPort">) {
  const port = httpPort === 80 ? "" : `:${httpPort}`;
  return (slug: string) => ({ host: `${slug}.${domain}`, url: `http://${slug}.${domain}${port}` });
}
