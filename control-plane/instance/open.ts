import { createServiceTokenVerifier } from "../access/service-token.ts";
import { ownAudit } from "../audit/read-audit.ts";
import { type DatabaseLogin, openDatabase } from "../database.ts";
import { type Authenticate, authenticateBy } from "../http/authenticate.ts";
import type { Checks } from "../http/health.ts";
import { forgetOldAnswers } from "../http/idempotency.ts";
import type { ServiceOptions } from "../http/service.ts";
import type { ServiceKeys } from "../keys.ts";
import { listen } from "../listen.ts";
import type { Metrics } from "../observability/metrics.ts";
import { lifeOf, type RunningService } from "../running-service.ts";
import { createSignals } from "../signals.ts";
import { startTidying } from "../tidy.ts";
import type { UserClient } from "../user/client.ts";
import { createInstanceApp } from "./app.ts";
import { addFigures } from "./figures.ts";
import { checkProvisioner } from "./presence.ts";
import { createWake } from "./queue.ts";
import type { ProbeInstance } from "./read-instance.ts";
import { feedSignal } from "./routes/feed.ts";
import { createSecretsBox } from "./secrets-box.ts";

export interface InstanceServiceOptions extends Omit<ServiceOptions, "authenticate"> {
  login: DatabaseLogin;
  keys: ServiceKeys["instance"];
  users: UserClient;
  /** Asks whose a token is, where that can be asked more straight than by `users`. */
  identify?: Authenticate | undefined;
  neighbours: Checks["neighbours"];
  metrics: Metrics;
  probe: ProbeInstance;
  /** Milliseconds between two signs of life of an event stream. Default: 15 seconds. */
  heartbeatMs?: number | undefined;
}

/** What is, over the instance database. */
export function openInstanceService(options: InstanceServiceOptions) {
  const { login, keys, users, identify = users.identify, neighbours, metrics, log } = options;
  const database = openDatabase({ login, name: "berth instance", log });
  const { db, within } = database;
  const signals = createSignals();
  const app = createInstanceApp({
    limiter: options.limiter,
    originOf: options.originOf,
    requests: options.requests,
    log,
    probe: options.probe,
    heartbeatMs: options.heartbeatMs ?? 15_000,
    authenticate: authenticateBy(createServiceTokenVerifier("instance", users.keys), identify),
    ctx: {
      box: createSecretsBox(keys.stackSecrets),
      wake: createWake(db),
      ended: addFigures(metrics, db),
    },
    within,
    signals,
    secret: keys.idempotency,
    audit: ownAudit(db),
    checks: {
      own: { database: () => database.ping(), provisioner: () => checkProvisioner(db) },
      neighbours,
    },
  });
  const begin = () => {
    const listener = listen({
      login,
      name: "berth instance listener",
      channels: ["feed", "operation_events"],
      onNotify: (channel, payload) => signals.fire(channel === "feed" ? feedSignal : payload),
      onConnect: () => signals.fire(),
      log,
    });
    return [
      { stop: () => listener.close() },
      startTidying("instance", { answers: () => forgetOldAnswers(db) }, { metrics, log }),
    ];
  };
  return {
    app,
    leave: () => signals.end(),
    ...lifeOf(begin, () => database.close()),
  } satisfies RunningService;
}
