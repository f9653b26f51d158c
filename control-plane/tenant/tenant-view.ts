import { stackName } from "../../stacks/tenant/names.ts";
import type { OperationError, OperationKind, OperationStatus } from "../instance/client.ts";
import type { tenants } from "./schema.ts";
import type { TenantStatus } from "./tenant-status.ts";

export type TenantRow = typeof tenants.$inferSelect;

export interface TenantView {
  id: string;
  organization: string;
  slug: string;
  name: string;
  status: TenantStatus;
  url: string;
  stack: string;
  admin: { email: string };
  createdAt: string;
  updatedAt: string;
}

export interface LastOperation {
  id: string;
  kind: OperationKind;
  status: OperationStatus;
  error: OperationError | null;
}

export function toView(row: TenantRow): TenantView {
  return {
    id: row.id,
    organization: row.organizationId,
    slug: row.slug,
    name: row.name,
    status: row.status,
    url: row.url,
    stack: stackName(row.id),
    admin: { email: row.adminEmail },
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

export function lastOperation(row: TenantRow): LastOperation {
  return {
    id: row.operationId,
    kind: row.operationKind,
    status: row.operationStatus,
    error: row.operationError,
  };
}

/** Raised by every change that somebody asks for, so a PATCH with If-Match overwrites nobody's. */
export function etag(row: TenantRow): string {
  return `"${row.version}"`;
}
