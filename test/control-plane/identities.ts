import { afterAll, beforeAll, inject } from "vitest";
import { ownCaller } from "../../control-plane/audit/write.ts";
import { createCounters } from "../../control-plane/counters.ts";
import { type Database, openDatabase } from "../../control-plane/database.ts";
import { openRedis, type RedisConnection } from "../../control-plane/redis.ts";
import { confirmEmail } from "../../control-plane/user/account/confirm-email.ts";
import { signUp } from "../../control-plane/user/account/sign-up.ts";
import type { UserContext } from "../../control-plane/user/context.ts";
import { createIdentity } from "../../control-plane/user/identity.ts";
import { joining } from "../../control-plane/user/in-transaction.ts";
import { createPost } from "../../control-plane/user/mail/post.ts";
import { createFailedSignIns } from "../../control-plane/user/session/failed-sign-ins.ts";
import { openKnownAddresses } from "../../control-plane/user/session/known-addresses.ts";
import type { Session } from "../../control-plane/user/session/read-session.ts";
import { openSessionCopies, type SessionCopies } from "../../control-plane/user/session/session-copies.ts";
import { sessionStorage } from "../../control-plane/user/session/session-storage.ts";
import { type SignedIn, signIn as signInByPassword } from "../../control-plane/user/session/sign-in.ts";
import { cloneDatabases, connectServer, type TestDatabases } from "../support/postgres.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { codeIn, freshAddress, password, withMail } from "./people.ts";
import { captureLog } from "./support.ts";

/** What one process has of the user service. */
export interface Process {
  ctx: UserContext;
  copies: SessionCopies;
  redis: RedisConnection;
  /** The same for a caller from elsewhere. */
  from(origin: string): UserContext;
  /** The session of whoever shows this token, as better-auth reads it. */
  session(
    token: string,
  ): Promise<(Pick<Session, "token" | "expiresAt"> & { account: { id: string; name: string } }) | undefined>;
  /** The account of it. */
  who(token: string): Promise<string | undefined>;
  stop(): Promise<void>;
}

export interface Identities {
  databases: TestDatabases;
  redis: TestRedis;
  /** Two processes of one environment. */
  one: Process;
  other: Process;
  start(): Process;
  logged(): string;
  mail: Awaited<ReturnType<typeof withMail>>;
  /** Signs up, confirms, and gives the address. */
  verified(): Promise<string>;
}

const secret = "a secret of the tests";

/** Signs in to an account that has no second factor. */
export async function signIn(
  ctx: UserContext,
  input: { email: string; password: string },
): Promise<SignedIn> {
  const done = await signInByPassword(ctx, input);
  if (!("token" in done)) throw new Error("A second factor is asked for.");
  return done;
}

/** A Redis and a database of the file's own, and two processes over them. */
export async function withIdentities(): Promise<Identities> {
  const mail = await withMail();
  const t = { mail } as Identities;
  const { log, text } = captureLog();
  const running = new Set<Process>();
  t.logged = text;
  t.start = () => {
    const database: Database = openDatabase({ login: t.databases.logins.user, name: "test user", log });
    const { port, password } = t.redis;
    // Where many tests share two cores a command may take longer than in earnest.
    const redis = openRedis({ port, password, name: "berth-test", log, commandTimeoutMs: 1_000 });
    const copies = openSessionCopies({ redis: redis.client, prefix: "berth:identity", log });
    const storage = sessionStorage({ db: joining(database.db), copies });
    const post = createPost({ mailer: mail.mailer, log });
    const identity = createIdentity({ db: database.db, secret, post, log, storage });
    const counters = createCounters({ redis: redis.client, prefix: "berth:counts", secret, log });
    const known = openKnownAddresses({ redis: redis.client, prefix: "berth:known", secret, log });
    const failures = createFailedSignIns(counters, known);
    const caller = { ...ownCaller("nobody", "test"), origin: "192.0.2.1" };
    const { db } = database;
    const more = { scoped: db, userAgent: null, headers: new Headers() };
    const ctx: UserContext = { db, identity, post, caller, failures, ...more };
    const process: Process = {
      ...{ ctx, copies, redis },
      from: (origin) => ({ ...ctx, caller: { ...caller, origin } }),
      async session(token) {
        const headers = new Headers({ authorization: `Bearer ${token}` });
        const found = await identity.api.getSession({ headers });
        return found ? { account: found.user, token, expiresAt: found.session.expiresAt } : undefined;
      },
      who: async (token) => (await process.session(token))?.account.id,
      async stop() {
        running.delete(process);
        copies.close();
        await redis.close();
        await database.close();
      },
    };
    running.add(process);
    return process;
  };
  t.verified = async () => {
    const email = freshAddress();
    await signUp(t.one.ctx, { name: "Ada", email, password, language: "en" });
    const code = codeIn(await mail.catcher.take(email, /Confirm/));
    await confirmEmail(t.one.ctx, { code, password });
    return email;
  };
  beforeAll(async () => {
    t.databases = await cloneDatabases(connectServer(inject("postgres")));
    t.redis = await startRedis(inject("redisImage"));
    t.one = t.start();
    t.other = t.start();
  }, 120_000);
  afterAll(async () => {
    try {
      for (const process of running) await process.stop();
    } finally {
      await t.redis?.remove();
      await t.databases?.drop();
    }
  });
  return t;
}
