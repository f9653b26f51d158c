import type { AuditSource } from "../../audit/source.ts";

/** Where the audit is gathered from: this service's own database, and the others by HTTP. For one request's id. */
export type AuditSources = (requestId: string) => Record<"user" | "tenant" | "instance", AuditSource>;
