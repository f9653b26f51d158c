import { z } from "zod";
import type { OperationKind, StackStatus } from "../instance/client.ts";

/** `pending` until the instance service has taken the tenant over; `deleted` is the tombstone. */
export const tenantStatus = z.enum([
  "pending",
  "creating",
  "ready",
  "changing",
  "failed",
  "deleting",
  "deleted",
]);
export type TenantStatus = z.infer<typeof tenantStatus>;

/** Statuses that end by themselves. */
export const underWay: TenantStatus[] = ["pending", "creating", "changing", "deleting"];

export function isUnderWay(status: TenantStatus): boolean {
  return underWay.includes(status);
}

/** Status of a tenant after what the feed says. This is the only place that says so. */
export function tenantStatusAfter(
  before: TenantStatus,
  entry: { kind: OperationKind; stack: StackStatus },
): TenantStatus {
  if (before === "deleted") return before;
  // A deletion wins: what an earlier operation still reports changes nothing.
  if (before === "deleting" && entry.kind !== "destroy") return before;
  switch (entry.stack) {
    case "reserved":
      return "pending";
    case "gone":
      return "deleted";
    case "creating":
    case "ready":
    case "changing":
    case "failed":
    case "deleting":
      return entry.stack;
  }
}
