import { sql } from "drizzle-orm";
import { bigint, bigserial, index, jsonb, pgTable, text, timestamp, uniqueIndex } from "drizzle-orm/pg-core";

/** Who changed what, on whose request. Every service has this table; its run-time user may only add and read. */
export const audit = pgTable(
  "audit",
  {
    id: bigserial("id", { mode: "number" }).primaryKey(),
    at: timestamp("at", { withTimezone: true, precision: 3, mode: "date" }).notNull().defaultNow(),
    /** `user:usr_...`, `key:key_...`, `service:tenant`, `worker:...`, `operator:...` */
    actor: text("actor").notNull(),
    /** `tenant.create`, `operation.cancel` ... */
    action: text("action").notNull(),
    /** Id of what was changed. */
    target: text("target").notNull(),
    tenantId: text("tenant_id"),
    /** Whose it is; null for what belongs to no organisation. A tenant's is found by its id. */
    organizationId: text("organization_id"),
    /** Address the request came from; null for work nobody asked for over the network. */
    origin: text("origin"),
    requestId: text("request_id").notNull(),
    before: jsonb("before").$type<Record<string, unknown>>(),
    after: jsonb("after").$type<Record<string, unknown>>(),
    // What follows is written by triggers (migrations/*_audit_seals.sql) at commit, whatever a statement says of it.
    /** The organisation's id, or `platform`: each has a chain of its own. */
    chain: text("chain"),
    /** Place in the chain, from 1, without gaps. */
    position: bigint("position", { mode: "number" }),
    /** The entry as JSON, with the hash of the one before it: what is read, exported and hashed. */
    line: text("line"),
    /** SHA-256 of `line`, in hex. */
    hash: text("hash"),
  },
  (t) => [
    index("audit_tenant").on(t.tenantId, t.id),
    index("audit_request").on(t.requestId),
    uniqueIndex("audit_chain").on(t.chain, t.position),
    index("audit_chain_id").on(t.chain, t.id),
    index("audit_unsealed").on(t.id).where(sql`${t.hash} is null`),
  ],
);

/** The end of each chain. Written by the same triggers; a run-time user may only read it. */
export const auditHeads = pgTable("audit_heads", {
  chain: text("chain").primaryKey(),
  position: bigint("position", { mode: "number" }).notNull(),
  hash: text("hash").notNull(),
});
