import { sql } from "drizzle-orm";
import { boolean, check, index, integer, pgTable, text, timestamp, uniqueIndex } from "drizzle-orm/pg-core";
import type { Role } from "../access/roles.ts";

// The auth database: who is who. Rows are written by auth_run, mostly through better-auth, whose models these tables are
// (identity.ts maps them); tables belong to auth_owner.
// What belongs to an organisation has row security (migrations/*_row_security.sql).
export { audit, auditHeads } from "../audit/schema.ts";
export { idempotency } from "../http/idempotency-schema.ts";

const at = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: "date" });
const now = (name: string) => at(name).notNull().defaultNow();
const ofUser = () =>
  text("user_id")
    .notNull()
    .references(() => users.id, { onDelete: "cascade" });

/** A person. */
export const users = pgTable(
  "users",
  {
    id: text("id").primaryKey(),
    name: text("name").notNull(),
    /** In small letters. */
    email: text("email").notNull().unique("users_email"),
    emailVerified: boolean("email_verified").notNull().default(false),
    image: text("image"),
    /** What mails are written in. */
    language: text("language").notNull().default("en"),
    twoFactorEnabled: boolean("two_factor_enabled").notNull().default(false),
    /** One of those who run the platform. */
    staff: boolean("staff").notNull().default(false),
    createdAt: now("created_at"),
    updatedAt: now("updated_at"),
  },
  (t) => [index("users_staff").on(t.id).where(sql`${t.staff}`)],
);

/** Who is signed in where. */
export const sessions = pgTable(
  "sessions",
  {
    id: text("id").primaryKey(),
    token: text("token").notNull().unique("sessions_token"),
    userId: ofUser(),
    expiresAt: at("expires_at").notNull(),
    ipAddress: text("ip_address"),
    userAgent: text("user_agent"),
    /** Member of the staff who acts as this user. */
    impersonatedBy: text("impersonated_by").references(() => users.id, { onDelete: "cascade" }),
    /** Kept by better-auth and not used here: what a request is about is in the request. */
    activeOrganizationId: text("active_organization_id"),
    createdAt: now("created_at"),
    updatedAt: now("updated_at"),
  },
  (t) => [
    // In the words of the list's ORDER BY: "desc" alone has nulls first, there and not in Drizzle's indexes.
    index("sessions_user").on(t.userId, t.createdAt.desc().nullsFirst(), t.id.desc().nullsFirst()),
    index("sessions_impersonator").on(t.impersonatedBy).where(sql`${t.impersonatedBy} is not null`),
    index("sessions_end").on(t.expiresAt),
  ],
);

/** How a user proves who they are: a password (`credential`), or somebody else's word. */
export const accounts = pgTable(
  "accounts",
  {
    id: text("id").primaryKey(),
    accountId: text("account_id").notNull(),
    providerId: text("provider_id").notNull(),
    userId: ofUser(),
    accessToken: text("access_token"),
    refreshToken: text("refresh_token"),
    idToken: text("id_token"),
    accessTokenExpiresAt: at("access_token_expires_at"),
    refreshTokenExpiresAt: at("refresh_token_expires_at"),
    scope: text("scope"),
    /** Hash (scrypt). */
    password: text("password"),
    createdAt: now("created_at"),
    updatedAt: now("updated_at"),
  },
  (t) => [
    index("accounts_user").on(t.userId),
    // One person for each identity of somebody else's.
    uniqueIndex("accounts_provider").on(t.providerId, t.accountId),
  ],
);

/** What was sent to somebody to be shown again: a password's reset. */
export const verifications = pgTable(
  "verifications",
  {
    id: text("id").primaryKey(),
    identifier: text("identifier").notNull(),
    value: text("value").notNull(),
    expiresAt: at("expires_at").notNull(),
    createdAt: now("created_at"),
    updatedAt: now("updated_at"),
  },
  (t) => [index("verifications_identifier").on(t.identifier)],
);

/** The second factor of who has one. Secret and codes are encrypted by better-auth. */
export const twoFactors = pgTable(
  "two_factors",
  {
    id: text("id").primaryKey(),
    secret: text("secret").notNull(),
    backupCodes: text("backup_codes").notNull(),
    userId: ofUser(),
    verified: boolean("verified").notNull().default(false),
    failedVerificationCount: integer("failed_verification_count").notNull().default(0),
    lockedUntil: at("locked_until"),
    /** Half minute (since 1970) of the last code that was used: neither it nor an earlier one works again. */
    usedStep: integer("used_step").notNull().default(0),
  },
  (t) => [uniqueIndex("two_factors_user").on(t.userId)],
);

/** Keys that sign what services tell each other. The private half is encrypted by better-auth. */
export const jwks = pgTable("jwks", {
  id: text("id").primaryKey(),
  publicKey: text("public_key").notNull(),
  privateKey: text("private_key").notNull(),
  alg: text("alg"),
  crv: text("crv"),
  createdAt: now("created_at"),
  expiresAt: at("expires_at"),
});

/** Who owns tenants. */
export const organizations = pgTable("organizations", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  /** better-auth wants one; it is made up, so that nobody learns by it who is here. */
  slug: text("slug").notNull().unique("organizations_slug"),
  logo: text("logo"),
  metadata: text("metadata"),
  createdAt: now("created_at"),
});

const ofOrganization = () =>
  text("organization_id")
    .notNull()
    .references(() => organizations.id, { onDelete: "cascade" });

/** Who is in an organisation, as what. */
export const members = pgTable(
  "members",
  {
    id: text("id").primaryKey(),
    organizationId: ofOrganization(),
    userId: ofUser(),
    role: text("role").$type<Role>().notNull(),
    createdAt: now("created_at"),
  },
  (t) => [
    uniqueIndex("members_user").on(t.userId, t.organizationId),
    index("members_organization").on(t.organizationId, t.id),
    check("members_role", sql`${t.role} in ('viewer', 'developer', 'admin', 'owner')`),
  ],
);

/** Who was asked by mail to become a member. Its id is the code in the mail. */
export const invitations = pgTable(
  "invitations",
  {
    id: text("id").primaryKey(),
    organizationId: ofOrganization(),
    email: text("email").notNull(),
    role: text("role").$type<Role>().notNull(),
    status: text("status")
      .$type<"pending" | "accepted" | "rejected" | "canceled">()
      .notNull()
      .default("pending"),
    inviterId: text("inviter_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    expiresAt: at("expires_at").notNull(),
    createdAt: now("created_at"),
  },
  (t) => [
    index("invitations_organization").on(t.organizationId, t.id),
    index("invitations_email").on(t.email),
    index("invitations_inviter").on(t.inviterId),
    check("invitations_role", sql`${t.role} in ('viewer', 'developer', 'admin', 'owner')`),
  ],
);

/** Keys for programs. Columns up to `metadata` are better-auth's, those after it say what a key is for. */
export const apiKeys = pgTable(
  "api_keys",
  {
    id: text("id").primaryKey(),
    configId: text("config_id").notNull().default("default"),
    name: text("name"),
    /** Its first characters, by which a person tells it from others. */
    start: text("start"),
    prefix: text("prefix"),
    /** SHA-256 of the key. */
    key: text("key").notNull().unique("api_keys_key"),
    /** Who made it. It can do no more than they can, and ends with their membership. */
    referenceId: text("reference_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    refillInterval: integer("refill_interval"),
    refillAmount: integer("refill_amount"),
    lastRefillAt: at("last_refill_at"),
    enabled: boolean("enabled").notNull().default(true),
    rateLimitEnabled: boolean("rate_limit_enabled").notNull().default(false),
    rateLimitTimeWindow: integer("rate_limit_time_window"),
    rateLimitMax: integer("rate_limit_max"),
    requestCount: integer("request_count").notNull().default(0),
    remaining: integer("remaining"),
    /** When it was last used, to a minute. */
    lastRequest: at("last_request"),
    expiresAt: at("expires_at"),
    createdAt: now("created_at"),
    updatedAt: now("updated_at"),
    permissions: text("permissions"),
    metadata: text("metadata"),
    /** Null for a key of the platform's staff, which is for all organisations. */
    organizationId: text("organization_id").references(() => organizations.id, { onDelete: "cascade" }),
    /** The only tenant it is for. */
    tenantId: text("tenant_id"),
    scope: text("scope").$type<"read" | "write">().notNull().default("read"),
  },
  (t) => [
    index("api_keys_organization").on(t.organizationId, t.id),
    // By the other one they would have no order: to PostgreSQL no null is like another.
    index("api_keys_staff").on(t.id).where(sql`${t.organizationId} is null`),
    index("api_keys_reference").on(t.referenceId),
    check("api_keys_scope", sql`${t.scope} in ('read', 'write')`),
  ],
);
