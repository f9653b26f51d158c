import type { Caller } from "../audit/write.ts";
import type { Queries } from "../database.ts";
import type { OperationKind } from "./operation-status.ts";
import type { SecretsBox } from "./secrets-box.ts";

/** An operation that has just ended. */
export interface EndedOperation {
  kind: OperationKind;
  outcome: "succeeded" | "failed" | "cancelled";
  /** Since it was begun; not there for one that never was. */
  seconds?: number;
}

/** What verbs of the instance service are given besides their input. */
export interface InstanceContext {
  db: Queries;
  box: SecretsBox;
  /** Wakes a worker once the transaction commits. */
  wake(tx: Queries): Promise<void>;
  /** Counts an operation that has ended. */
  ended(operation: EndedOperation): void;
}

/** A verb that somebody asked for. */
export interface CallerContext extends InstanceContext {
  caller: Caller;
}
