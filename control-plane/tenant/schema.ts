import { sql } from "drizzle-orm";
import {
  bigint,
  bigserial,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from "drizzle-orm/pg-core";
import type {
  OperationError,
  OperationKind,
  OperationStatus,
  StackRequest,
  StackSpec,
} from "../instance/client.ts";
import type { TenantStatus } from "./tenant-status.ts";

// The tenant database: what should be. Rows are written by tenant_run; tables belong to tenant_owner.
// A trigger (migrations/*_triggers.sql) sends NOTIFY for the outbox. What belongs to an organisation has row security
// (migrations/*_row_security.sql): a connection sees what its scope (access/scope.ts) lets through.

const at = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: "date" });
const now = (name: string) => at(name).notNull().defaultNow();

/** One row per tenant, kept as a tombstone (`deleted`). */
export const tenants = pgTable(
  "tenants",
  {
    id: text("id").primaryKey(),
    /** Order of creation: lists go by it. */
    seq: bigserial("seq", { mode: "number" }).notNull(),
    /** Whose it is, by the user service's id. */
    organizationId: text("organization_id").notNull(),
    slug: text("slug").notNull(),
    name: text("name").notNull(),
    status: text("status").$type<TenantStatus>().notNull().default("pending"),
    url: text("url").notNull(),
    adminEmail: text("admin_email").notNull(),
    /** Revision of what should be; raised by every request to the instance service. */
    revision: integer("revision").notNull(),
    /** Raised by every change that somebody asks for; this is the ETag. */
    version: integer("version").notNull().default(1),
    /** The last operation, as the feed told it. */
    operationId: text("operation_id").notNull(),
    operationKind: text("operation_kind").$type<OperationKind>().notNull(),
    operationStatus: text("operation_status").$type<OperationStatus>().notNull().default("queued"),
    operationError: jsonb("operation_error").$type<OperationError>(),
    createdAt: now("created_at"),
    updatedAt: now("updated_at"),
  },
  (t) => [
    uniqueIndex("tenants_slug").on(t.slug).where(sql`${t.status} <> 'deleted'`),
    uniqueIndex("tenants_live").on(t.seq).where(sql`${t.status} <> 'deleted'`),
    index("tenants_organization").on(t.organizationId, t.seq).where(sql`${t.status} <> 'deleted'`),
    check(
      "tenants_status",
      sql`${t.status} in ('pending', 'creating', 'ready', 'changing', 'failed', 'deleting', 'deleted')`,
    ),
  ],
);

/** Every revision of what a tenant should be. Null: it should not be any more. */
export const specs = pgTable(
  "specs",
  {
    tenantId: text("tenant_id")
      .notNull()
      .references(() => tenants.id),
    revision: integer("revision").notNull(),
    spec: jsonb("spec").$type<StackSpec>(),
    createdAt: now("created_at"),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.revision] })],
);

/** Requests to the instance service, written with the change they are about and delivered until taken. */
export const outbox = pgTable(
  "outbox",
  {
    id: bigserial("id", { mode: "number" }).primaryKey(),
    tenantId: text("tenant_id")
      .notNull()
      .references(() => tenants.id),
    request: jsonb("request").$type<StackRequest>().notNull(),
    requestId: text("request_id").notNull(),
    attempts: integer("attempts").notNull().default(0),
    /** Not before this moment; moved on while somebody is at it, so that it is tried again if they die. */
    dueAt: now("due_at"),
    lastError: text("last_error"),
    /** Set once it was taken, or refused for good (`refused`). */
    doneAt: at("done_at"),
    refused: jsonb("refused").$type<OperationError>(),
    createdAt: now("created_at"),
  },
  (t) => [
    index("outbox_waiting").on(t.tenantId, t.id).where(sql`${t.doneAt} is null`),
    index("outbox_due").on(t.dueAt).where(sql`${t.doneAt} is null`),
  ],
);

/** Ids whose stacks are initialised already, for the next tenants. Filled from the feed. */
export const reserve = pgTable("reserve", {
  tenantId: text("tenant_id").primaryKey(),
  addedAt: now("added_at"),
});

/** Organisations that are being deleted, or were: they get no tenants any more. */
export const closedOrganizations = pgTable("closed_organizations", {
  organizationId: text("organization_id").primaryKey(),
  closedAt: now("closed_at"),
});

/** How far a feed was followed. */
export const feedPosition = pgTable("feed_position", {
  source: text("source").primaryKey(),
  seq: bigint("seq", { mode: "number" }).notNull(),
});

export { audit, auditHeads } from "../audit/schema.ts";
export { idempotency } from "../http/idempotency-schema.ts";
