import type { SecondaryStorage } from "@better-auth/core/db";
import { drizzleAdapter } from "better-auth/adapters/drizzle";
import { betterAuth } from "better-auth/minimal";
import { bearer } from "better-auth/plugins/bearer";
import type { Queries } from "../database.ts";
import { type IdPrefix, newId } from "../ids.ts";
import type { Mailer } from "../mail/mailer.ts";
import type { Logger } from "../observability/log.ts";
import { compose } from "./mail/compose.ts";
import { accounts, sessions, users, verifications } from "./schema.ts";

export interface IdentityOptions {
  db: Queries;
  /** Signs what is sent out and comes back. */
  secret: string;
  mailer: Mailer;
  log: Logger;
  /** Reads sessions more quickly. PostgreSQL has them all the same. */
  storage?: SecondaryStorage;
}

/** Characters of a password. */
export const passwordLength = { min: 10, max: 128 };
/** better-auth's name for a password as what an account is proved by. */
export const credential = "credential";
/** Seconds that a mailed code works. */
const mailedSeconds = 3_600;
/** Seconds a session lasts, and after which its end is moved on. */
const sessionSeconds = { lasts: 7 * 86_400, movedAfter: 86_400 };

const prefixes: Record<string, IdPrefix> = {
  user: "usr",
  session: "ses",
  account: "acc",
  verification: "ver",
};

export type Identity = ReturnType<typeof createIdentity>;

/**
 * better-auth over the auth database. Its own routes are not served: ours call `api`, so that every answer is documented
 * and a problem is one of ours.
 */
export function createIdentity({ db, secret, mailer, log, storage }: IdentityOptions) {
  /** A mail is sent beside the answer: how long a mail server takes would tell whether an account is there. */
  const post = (mail: Parameters<Mailer["send"]>[0]) => {
    mailer.send(mail).catch((error) => log.error({ err: error }, "a mail could not be sent"));
    return Promise.resolve();
  };
  const tell = (level: string, message: string, args: unknown[]) => {
    const err = args.find((one) => one instanceof Error);
    log[level === "error" ? "error" : "debug"](err ? { err } : {}, message);
  };
  return betterAuth({
    appName: "Berth",
    // Only its own routes, which are not served, and the links it makes, which are not mailed, would have it.
    baseURL: "http://berth.invalid",
    secret,
    telemetry: { enabled: false },
    logger: { level: "warn", log: (level, message, ...args) => tell(level, message, args) },
    database: drizzleAdapter(db, {
      provider: "pg",
      schema: { user: users, session: sessions, account: accounts, verification: verifications },
      transaction: true,
    }),
    advanced: {
      database: { generateId: ({ model }) => newId(prefixes[model] ?? "obj") },
      // Who calls is known from the socket, not from what they say.
      ipAddress: { disableIpTracking: true },
    },
    user: { additionalFields: { language: { type: "string", required: false, defaultValue: "en" } } },
    // Codes are kept as hashes.
    verification: { storeIdentifier: "hashed", storeInDatabase: true },
    session: {
      expiresIn: sessionSeconds.lasts,
      updateAge: sessionSeconds.movedAfter,
      storeSessionInDatabase: true,
    },
    ...(storage ? { secondaryStorage: storage, databaseHooks: forgetting(storage) } : {}),
    emailAndPassword: {
      enabled: true,
      requireEmailVerification: true,
      minPasswordLength: passwordLength.min,
      maxPasswordLength: passwordLength.max,
      resetPasswordTokenExpiresIn: mailedSeconds,
      revokeSessionsOnPasswordReset: true,
      sendResetPassword: ({ user, token }) => post(compose("resetPassword", user, token)),
      onExistingUserSignUp: async ({ user }) => {
        if (user.emailVerified) await post(compose("emailTaken", user));
      },
    },
    emailVerification: {
      expiresIn: mailedSeconds,
      sendOnSignUp: true,
      sendVerificationEmail: ({ user, token }) => post(compose("confirmEmail", user, token)),
    },
    plugins: [bearer()],
  });
}

/** better-auth tells its storage before PostgreSQL, so it is told again of what is committed. */
function forgetting(storage: SecondaryStorage) {
  const after = async (session: { token?: unknown } | null) => {
    if (typeof session?.token === "string") await storage.delete(session.token);
  };
  return { session: { update: { after }, delete: { after } } };
}
