import { sql } from "drizzle-orm";
import {
  bigint,
  bigserial,
  boolean,
  check,
  doublePrecision,
  index,
  inet,
  integer,
  jsonb,
  pgSchema,
  pgSequence,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import type { OperationError, OperationKind, OperationStatus, StepStatus } from "./operation-status.ts";
import type { StackSpec } from "./spec.ts";
import type { StackStatus } from "./stack-status.ts";

// The instance database: what is. Rows are written by instance_run; tables belong to instance_owner.
// Triggers (migrations/*_triggers.sql) send NOTIFY on feed, operation_events and cancel requests. What belongs to an
// organisation has row security (migrations/*_row_security.sql), by the scope of a connection (access/scope.ts).

const at = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: "date" });
const now = (name: string) => at(name).notNull().defaultNow();

/** One row per Pulumi stack, kept as a tombstone (`gone`) once its tenant is destroyed. */
export const stacks = pgTable(
  "stacks",
  {
    /** The tenant's id and the stack's name. */
    tenantId: text("tenant_id").primaryKey(),
    /** Whose it is, by the user service's id. Null while the stack waits in the reserve. */
    organizationId: text("organization_id"),
    /** Null while the stack waits in the reserve. */
    slug: text("slug"),
    spec: jsonb("spec").$type<StackSpec>(),
    /** Revision of `spec`; 0 while in the reserve. */
    revision: integer("revision").notNull().default(0),
    /** The last revision that was brought up whole; 0 before the first. */
    appliedRevision: integer("applied_revision").notNull().default(0),
    desired: text("desired").$type<"present" | "absent">().notNull().default("present"),
    status: text("status").$type<StackStatus>().notNull(),
    /** Pulumi's `encryptionsalt`. Null until the stack was initialised and after it is gone. */
    salt: text("salt"),
    /** Sealed by secrets-box.ts: database passwords and the first administrator's hash. */
    secrets: text("secrets"),
    /** First time any instance of it was ready. */
    readyAt: at("ready_at"),
    createdAt: now("created_at"),
    updatedAt: now("updated_at"),
  },
  (t) => [
    uniqueIndex("stacks_slug").on(t.slug).where(sql`${t.status} <> 'gone'`),
    index("stacks_status").on(t.status),
    check("stacks_desired", sql`${t.desired} in ('present', 'absent')`),
  ],
);

/** The Odoos of a stack. */
export const instances = pgTable(
  "instances",
  {
    tenantId: text("tenant_id")
      .notNull()
      .references(() => stacks.tenantId),
    name: text("name").notNull(),
    hosts: text("hosts").array().notNull(),
    /** Fixed address on the tenants' network; null before the first create and after destroy. */
    address: inet("address"),
    /** Template database it was cloned from. */
    template: text("template"),
    /** `database.uuid`, kept at first readiness: from then on `up` refuses any other database. */
    identity: uuid("identity"),
    readyAt: at("ready_at"),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.name] }), uniqueIndex("instances_address").on(t.address)],
);

/** All work on tenants, and the order of it. The truth; pg-boss only wakes workers. */
export const operations = pgTable(
  "operations",
  {
    id: text("id").primaryKey(),
    /** Order of acceptance: a tenant's operations run in it, one at a time. */
    seq: bigserial("seq", { mode: "number" }).notNull(),
    tenantId: text("tenant_id")
      .notNull()
      .references(() => stacks.tenantId),
    /** The tenant's, kept here as well because lists go by it. */
    organizationId: text("organization_id"),
    kind: text("kind").$type<OperationKind>().notNull(),
    /** The instance it is about; null when it is about the whole stack. */
    instance: text("instance"),
    status: text("status").$type<OperationStatus>().notNull().default("queued"),
    specRevision: integer("spec_revision").notNull(),
    /** How often it was claimed: more than 1 means that a worker died over it. */
    attempt: integer("attempt").notNull().default(0),
    /** The failed operation this one repeats. */
    retryOf: text("retry_of"),
    error: jsonb("error").$type<OperationError>(),
    cancelRequestedAt: at("cancel_requested_at"),
    /** Who claimed it last, and the token of that claim. */
    worker: text("worker"),
    fencingToken: bigint("fencing_token", { mode: "number" }),
    /** Number of the last event; raised under this row's lock, so that events commit in order. */
    lastEvent: integer("last_event").notNull().default(0),
    requestId: text("request_id").notNull(),
    actor: text("actor").notNull(),
    createdAt: now("created_at"),
    startedAt: at("started_at"),
    finishedAt: at("finished_at"),
  },
  (t) => [
    uniqueIndex("operations_seq").on(t.seq),
    index("operations_tenant").on(t.tenantId, t.seq),
    index("operations_organization").on(t.organizationId, t.seq),
    index("operations_open").on(t.seq).where(sql`${t.status} in ('queued', 'running')`),
    // The last finished check of each tenant is asked for often, among all that was ever done to it.
    index("operations_checks")
      .on(t.tenantId, t.seq)
      .where(sql`${t.kind} = 'check' and ${t.status} = 'succeeded'`),
    uniqueIndex("operations_one_running").on(t.tenantId).where(sql`${t.status} = 'running'`),
    check("operations_status", sql`${t.status} in ('queued', 'running', 'succeeded', 'failed', 'cancelled')`),
  ],
);

/** Tokens grow for ever, also when a lease's row was removed in between. */
export const fencingTokens = pgSequence("fencing_tokens");

/** Who may work on a tenant. At most one, until `expires_at`; whoever comes later has a higher token. */
export const leases = pgTable("leases", {
  tenantId: text("tenant_id")
    .primaryKey()
    .references(() => stacks.tenantId),
  operationId: text("operation_id")
    .notNull()
    .references(() => operations.id),
  worker: text("worker").notNull(),
  /** What the next worker needs to prove this one dead: processes, host. Written by the holder. */
  holder: jsonb("holder").$type<Record<string, unknown>>().notNull().default({}),
  fencingToken: bigint("fencing_token", { mode: "number" }).notNull(),
  expiresAt: at("expires_at").notNull(),
});

export const operationSteps = pgTable(
  "operation_steps",
  {
    operationId: text("operation_id")
      .notNull()
      .references(() => operations.id),
    name: text("name").notNull(),
    position: integer("position").notNull(),
    status: text("status").$type<StepStatus>().notNull(),
    detail: text("detail"),
    startedAt: now("started_at"),
    finishedAt: at("finished_at"),
  },
  (t) => [primaryKey({ columns: [t.operationId, t.name] })],
);

/** What the event stream shows. `number` counts per operation without gaps and is the SSE id. */
export const operationEvents = pgTable(
  "operation_events",
  {
    operationId: text("operation_id")
      .notNull()
      .references(() => operations.id),
    number: integer("number").notNull(),
    type: text("type").notNull(),
    data: jsonb("data").$type<Record<string, unknown>>().notNull(),
    at: now("at"),
  },
  (t) => [primaryKey({ columns: [t.operationId, t.number] })],
);

/** What flows back to those who call us. Written by feed.ts only, which keeps `seq` in commit order. */
export const feed = pgTable("feed", {
  seq: bigserial("seq", { mode: "number" }).primaryKey(),
  type: text("type").$type<"operation" | "reserved">().notNull(),
  tenantId: text("tenant_id").notNull(),
  data: jsonb("data").$type<Record<string, unknown>>().notNull(),
  at: now("at"),
});

/** What is kept of a stack before Pulumi forgets it. */
export const stackHistory = pgTable(
  "stack_history",
  {
    id: bigserial("id", { mode: "number" }).primaryKey(),
    tenantId: text("tenant_id").notNull(),
    slug: text("slug"),
    operationId: text("operation_id").notNull(),
    spec: jsonb("spec").$type<StackSpec>(),
    /** Pulumi's update history, newest first, and the last checkpoint; secrets in it are ciphertext. */
    history: jsonb("history").notNull(),
    state: jsonb("state").notNull(),
    /** With the passphrase this opens the ciphertext in `state`. */
    salt: text("salt"),
    keptAt: now("kept_at"),
  },
  (t) => [index("stack_history_tenant").on(t.tenantId, t.id)],
);

/** What the template databases hold. Filled by the provisioner at start; new tenants use the current one. */
export const templates = pgTable(
  "templates",
  {
    name: text("name").primaryKey(),
    odooVersion: text("odoo_version").notNull(),
    modules: text("modules").array().notNull(),
    languages: text("languages").array().notNull(),
    countries: text("countries").array().notNull(),
    current: boolean("current").notNull().default(false),
    createdAt: now("created_at"),
  },
  (t) => [uniqueIndex("templates_current").on(t.current).where(sql`${t.current}`)],
);

/**
 * What the provisioner has last seen of each instance, for the service to tell. Unlogged: after a crash it is empty until the
 * next look. What could not be read is null.
 */
export const instanceFigures = pgTable(
  "instance_figures",
  {
    tenantId: text("tenant_id").notNull(),
    instance: text("instance").notNull(),
    lookedAt: now("looked_at"),
    up: boolean("up").notNull(),
    cpuSeconds: doublePrecision("cpu_seconds"),
    memoryBytes: bigint("memory_bytes", { mode: "number" }),
    memoryLimitBytes: bigint("memory_limit_bytes", { mode: "number" }),
    connections: integer("connections"),
    databaseBytes: bigint("database_bytes", { mode: "number" }),
    filesBytes: bigint("files_bytes", { mode: "number" }),
    requests2xx: bigint("requests_2xx", { mode: "number" }),
    requests3xx: bigint("requests_3xx", { mode: "number" }),
    requests4xx: bigint("requests_4xx", { mode: "number" }),
    requests5xx: bigint("requests_5xx", { mode: "number" }),
    requestSeconds: doublePrecision("request_seconds"),
    requestCount: bigint("request_count", { mode: "number" }),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.instance] })],
);

/** Whose host name it is, and where it leads. Written by our Pulumi provider as user `router`. */
export const routing = pgSchema("routing");

export const routers = routing.table(
  "routers",
  {
    tenant: text("tenant").notNull(),
    instance: text("instance").notNull(),
    /** `http://10.213.0.2:8069` */
    target: text("target").notNull(),
    hosts: text("hosts").array().notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenant, t.instance] })],
);

export const hosts = routing.table(
  "hosts",
  {
    host: text("host").primaryKey(),
    tenant: text("tenant").notNull(),
    instance: text("instance").notNull(),
  },
  (t) => [index("hosts_instance").on(t.tenant, t.instance)],
);

export { audit, auditHeads } from "../audit/schema.ts";
export { idempotency } from "../http/idempotency-schema.ts";
