import { bigserial, index, jsonb, pgTable, text, timestamp } from "drizzle-orm/pg-core";

/** Who changed what, on whose request. Every service has this table; its run-time user may only add and read. */
export const audit = pgTable(
  "audit",
  {
    id: bigserial("id", { mode: "number" }).primaryKey(),
    at: timestamp("at", { withTimezone: true, precision: 3, mode: "date" }).notNull().defaultNow(),
    /** `user:usr_...`, `key:key_...`, `service:tenant`, `worker:...` */
    actor: text("actor").notNull(),
    /** `tenant.create`, `operation.cancel` ... */
    action: text("action").notNull(),
    /** Id of what was changed. */
    target: text("target").notNull(),
    tenantId: text("tenant_id"),
    /** Address the request came from; null for work nobody asked for over the network. */
    origin: text("origin"),
    requestId: text("request_id").notNull(),
    before: jsonb("before").$type<Record<string, unknown>>(),
    after: jsonb("after").$type<Record<string, unknown>>(),
  },
  (t) => [index("audit_tenant").on(t.tenantId, t.id), index("audit_request").on(t.requestId)],
);
