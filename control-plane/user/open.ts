import { createServiceTokenVerifier } from "../access/service-token.ts";
import { ownAudit } from "../audit/read-audit.ts";
import type { Counters } from "../counters.ts";
import { type DatabaseLogin, openDatabase } from "../database.ts";
import { type Authenticate, authenticateBy } from "../http/authenticate.ts";
import type { Checks } from "../http/health.ts";
import { forgetOldAnswers } from "../http/idempotency.ts";
import type { ServiceOptions } from "../http/service.ts";
import type { ServiceKeys } from "../keys.ts";
import type { Mailer } from "../mail/mailer.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { RedisConnection } from "../redis.ts";
import { lifeOf, type RunningService } from "../running-service.ts";
import { startTidying } from "../tidy.ts";
import { forgetOldCodes } from "./account/forget-old-codes.ts";
import { forgetUnconfirmed } from "./account/forget-unconfirmed.ts";
import { createUserApp } from "./app.ts";
import { createIdentify } from "./identify.ts";
import { createIdentity } from "./identity.ts";
import { joining } from "./in-transaction.ts";
import { createPost } from "./mail/post.ts";
import { forgetOldInvitations } from "./organizations/forget-old-invitations.ts";
import { createFailedSignIns } from "./session/failed-sign-ins.ts";
import { forgetEndedSessions } from "./session/forget-ended-sessions.ts";
import { openKnownAddresses } from "./session/known-addresses.ts";
import { openSessionCopies } from "./session/session-copies.ts";
import { sessionStorage } from "./session/session-storage.ts";
import { identifySupabase } from "./supabase/identify-supabase.ts";
import type { Supabase } from "./supabase/verify.ts";

export interface UserServiceOptions extends Omit<ServiceOptions, "authenticate"> {
  login: DatabaseLogin;
  keys: ServiceKeys["user"];
  redis: RedisConnection;
  counters: Counters;
  mailer: Mailer;
  /** The project whose users are let in, if there is one. */
  supabase?: Supabase | undefined;
  neighbours: Checks["neighbours"];
  metrics: Metrics;
}

export interface UserService extends RunningService {
  /** Whose a token is, as the record says at this moment. */
  identify: Authenticate;
}

/** Who is who, over the auth database. */
export function openUserService(options: UserServiceOptions): UserService {
  const { login, keys, redis, counters, mailer, supabase, neighbours, metrics, log } = options;
  const database = openDatabase({ login, name: "berth user", log });
  // Sign-ins hold connections while passwords are hashed: who calls must be found out all the same.
  const callers = openDatabase({ login, name: "berth callers", log });
  const copies = openSessionCopies({ redis: redis.client, prefix: "berth:identity", log });
  const known = openKnownAddresses({
    redis: redis.client,
    prefix: "berth:known",
    secret: keys.counts.toString("base64"),
    log,
  });
  const post = createPost({ mailer, log });
  const identity = createIdentity({
    db: database.db,
    secret: keys.identity.toString("base64"),
    post,
    log,
    storage: sessionStorage({ db: joining(database.db), copies }),
  });
  const byRecord = createIdentify({ db: callers.db, log });
  const identify: Authenticate = async (token, requestId) =>
    supabase?.isToken(token)
      ? identifySupabase({ db: callers.db, supabase }, token, requestId)
      : byRecord(token);
  const app = createUserApp({
    limiter: options.limiter,
    originOf: options.originOf,
    requests: options.requests,
    log,
    authenticate: authenticateBy(
      createServiceTokenVerifier("user", () => identity.api.getJwks()),
      identify,
    ),
    failures: createFailedSignIns(counters, known),
    db: database.db,
    within: database.within,
    identity,
    identify,
    post,
    supabase,
    serviceSecrets: new Map(Object.entries(keys.services)),
    secret: keys.idempotency,
    audit: ownAudit(database.db),
    checks: { own: { database: () => database.ping(), redis: () => redis.ping() }, neighbours },
  });
  return {
    app,
    identify,
    ...lifeOf(
      () => [
        startTidying(
          "user",
          {
            answers: () => forgetOldAnswers(database.db),
            codes: () => forgetOldCodes(database.db),
            sessions: () => forgetEndedSessions(database.db),
            accounts: () => forgetUnconfirmed(database.db),
            invitations: () => forgetOldInvitations(database.db),
          },
          { metrics, log },
        ),
      ],
      async () => {
        await mailer.close();
        copies.close();
        await Promise.all([database.close(), callers.close()]);
      },
    ),
  };
}
