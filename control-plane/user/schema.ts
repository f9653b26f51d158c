import { boolean, index, pgTable, text, timestamp } from "drizzle-orm/pg-core";

// The auth database: who is who. Rows are written by auth_run, mostly through better-auth, whose models these tables are
// (identity.ts maps them); tables belong to auth_owner.
export { audit } from "../audit/schema.ts";

const at = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: "date" });
const now = (name: string) => at(name).notNull().defaultNow();
const ofUser = () =>
  text("user_id")
    .notNull()
    .references(() => users.id, { onDelete: "cascade" });

/** A person. */
export const users = pgTable("users", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  /** In small letters. */
  email: text("email").notNull().unique("users_email"),
  emailVerified: boolean("email_verified").notNull().default(false),
  image: text("image"),
  /** What mails are written in. */
  language: text("language").notNull().default("en"),
  createdAt: now("created_at"),
  updatedAt: now("updated_at"),
});

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
    createdAt: now("created_at"),
    updatedAt: now("updated_at"),
  },
  (t) => [index("sessions_user").on(t.userId)],
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
  (t) => [index("accounts_user").on(t.userId)],
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
