import { index, integer, jsonb, pgTable, primaryKey, text, timestamp } from "drizzle-orm/pg-core";

/** Answers to POSTs that carried an Idempotency-Key, without what is shown only once. */
export const idempotency = pgTable(
  "idempotency",
  {
    /** Whose key it is: two callers may pick the same one. */
    actor: text("actor").notNull(),
    key: text("key").notNull(),
    /** HMAC of method, path and body: a plain hash would let a weak password in the body be guessed. */
    fingerprint: text("fingerprint").notNull(),
    status: integer("status").notNull(),
    headers: jsonb("headers").$type<Record<string, string>>().notNull(),
    body: jsonb("body").notNull(),
    createdAt: timestamp("created_at", { withTimezone: true, precision: 3, mode: "date" })
      .notNull()
      .defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.actor, t.key] }), index("idempotency_age").on(t.createdAt)],
);
