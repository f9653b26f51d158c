import { z } from "zod";

/** What an operation does to a tenant's stack. `check` compares and changes nothing. */
export const operationKind = z.enum(["create", "change", "destroy", "restart", "check"]);
export type OperationKind = z.infer<typeof operationKind>;

export const operationStatus = z.enum(["queued", "running", "succeeded", "failed", "cancelled"]);
export type OperationStatus = z.infer<typeof operationStatus>;

export const stepStatuses = ["running", "succeeded", "failed"] as const;
export type StepStatus = (typeof stepStatuses)[number];

/** Why an operation did not succeed: a code for programs, a sentence for people. */
export const operationError = z.object({ code: z.string(), message: z.string() });
export type OperationError = z.infer<typeof operationError>;

/** An open operation may still change; one that has ended never does. */
export function hasEnded(status: OperationStatus): boolean {
  return status === "succeeded" || status === "failed" || status === "cancelled";
}

/** Only what did not succeed can be tried again. */
export function mayRetry(status: OperationStatus): boolean {
  return status === "failed" || status === "cancelled";
}
