import { z } from "zod";
import type { OperationKind } from "./operation-status.ts";

/**
 * `reserved` waits for a tenant; `gone` is the tombstone of a destroyed one. The rest is what the
 * last operation left behind.
 */
export const stackStatus = z.enum([
  "reserved",
  "creating",
  "ready",
  "changing",
  "failed",
  "deleting",
  "gone",
]);
export type StackStatus = z.infer<typeof stackStatus>;

/** Status of a stack while an operation on it is open. A check changes nothing, the status neither. */
export function stackStatusDuring(kind: Exclude<OperationKind, "check">): StackStatus {
  switch (kind) {
    case "create":
      return "creating";
    case "destroy":
      return "deleting";
    case "change":
    case "restart":
      return "changing";
  }
}
