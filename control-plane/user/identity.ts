import { apiKey } from "@better-auth/api-key";
import type { SecondaryStorage } from "@better-auth/core/db";
import { drizzleAdapter } from "better-auth/adapters/drizzle";
import { betterAuth } from "better-auth/minimal";
import { createAccessControl } from "better-auth/plugins/access";
import { bearer } from "better-auth/plugins/bearer";
import { jwt } from "better-auth/plugins/jwt";
import { organization } from "better-auth/plugins/organization";
import { adminAc, defaultStatements, ownerAc } from "better-auth/plugins/organization/access";
import { twoFactor } from "better-auth/plugins/two-factor";
import type { Role } from "../access/roles.ts";
import { serviceTokenIssuer } from "../access/service-token.ts";
import type { Queries } from "../database.ts";
import { type IdPrefix, newId } from "../ids.ts";
import type { Logger } from "../observability/log.ts";
import { joining } from "./in-transaction.ts";
import { compose } from "./mail/compose.ts";
import type { Post } from "./mail/post.ts";
import {
  accounts,
  apiKeys,
  invitations,
  jwks,
  members,
  organizations,
  sessions,
  twoFactors,
  users,
  verifications,
} from "./schema.ts";

export interface IdentityOptions {
  db: Queries;
  /** Signs what is sent out and comes back. */
  secret: string;
  post: Post;
  log: Logger;
  /** Reads sessions more quickly. PostgreSQL has them all the same. */
  storage?: SecondaryStorage;
}

/** Characters of a password. */
export const passwordLength = { min: 10, max: 128 };
/** Every API key begins with it, which also lets it be found where it should not be. */
export const apiKeyPrefix = "berth_";
/** Days that a key works. */
export const keyDays = { default: 90, most: 366 };
/** better-auth's name for a password as what an account is proved by. */
export const credential = "credential";
/** Seconds that a mailed code works. */
export const mailedSeconds = 3_600;
/** Seconds in which the second factor is to follow the password. */
const challengeSeconds = 600;
/** Seconds a session lasts, and after which its end is moved on. */
export const sessionSeconds = { lasts: 7 * 86_400, movedAfter: 86_400 };

/** Seconds that a key signs what services show to each other, and that it is published after that. */
const signingKeySeconds = { lasts: 30 * 86_400, stays: 86_400 };
const serviceTokenSeconds = 600;
const membersAtMost = 500;

// Who may do what is declared at our routes; better-auth looks at it once more for what its own functions do.
const ac = createAccessControl(defaultStatements);
const organizationRoles = {
  owner: ownerAc,
  admin: adminAc,
  developer: ac.newRole({}),
  viewer: ac.newRole({}),
} satisfies Record<Role, unknown>;

const prefixes: Record<string, IdPrefix> = {
  user: "usr",
  session: "ses",
  account: "acc",
  verification: "ver",
  twoFactor: "tfa",
  jwks: "jwk",
  organization: "org",
  member: "mem",
  invitation: "inv",
  apikey: "key",
};

export type Identity = ReturnType<typeof createIdentity>;

/**
 * better-auth over the auth database. Its own routes are not served: ours call `api`, so that every answer is documented
 * and a problem is one of ours.
 */
export function createIdentity({ db, secret, post, log, storage }: IdentityOptions) {
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
    database: drizzleAdapter(joining(db), {
      provider: "pg",
      schema: {
        user: users,
        session: sessions,
        account: accounts,
        verification: verifications,
        twoFactor: twoFactors,
        jwks,
        organization: organizations,
        member: members,
        invitation: invitations,
        apikey: apiKeys,
      },
      transaction: true,
    }),
    advanced: {
      database: { generateId: ({ model }) => newId(prefixes[model] ?? "obj") },
      // Who calls is known from the socket, not from what they say.
      ipAddress: { disableIpTracking: true },
    },
    user: { additionalFields: { language: { type: "string", required: false, defaultValue: "en" } } },
    // Codes are kept as hashes.
    // Old ones are removed by the clock: many transactions that did it at once would wait for each other.
    verification: { storeIdentifier: "hashed", storeInDatabase: true, disableCleanup: true },
    session: {
      expiresIn: sessionSeconds.lasts,
      // The end is moved on by identify.ts, which does not move that of staff who act as somebody.
      disableSessionRefresh: true,
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
      onPasswordReset: ({ user }) => post(compose("passwordChanged", user)),
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
    plugins: [
      bearer(),
      jwt({
        disableSettingJwtHeader: true,
        jwks: { rotationInterval: signingKeySeconds.lasts, gracePeriod: signingKeySeconds.stays },
        jwt: { issuer: serviceTokenIssuer, expirationTime: `${serviceTokenSeconds}s` },
      }),
      apiKey({
        defaultPrefix: apiKeyPrefix,
        // Rights are looked at for each request by identify.ts; limits of rate are the edge's.
        enableMetadata: false,
        rateLimit: { enabled: false },
        // As of other names.
        maximumNameLength: 100,
        keyExpiration: { maxExpiresIn: keyDays.most },
        startingCharactersConfig: { charactersLength: apiKeyPrefix.length + 6 },
      }),
      organization({
        ac,
        roles: organizationRoles,
        creatorRole: "owner",
        membershipLimit: membersAtMost,
      }),
      twoFactor({ issuer: "Berth", twoFactorCookieMaxAge: challengeSeconds }),
    ],
  });
}

/** better-auth tells its storage before PostgreSQL, so it is told again of what is committed. */
function forgetting(storage: SecondaryStorage) {
  const after = async (session: { token?: unknown } | null) => {
    if (typeof session?.token === "string") await storage.delete(session.token);
  };
  return { session: { update: { after }, delete: { after } } };
}
