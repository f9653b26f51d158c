import type { Caller } from "../audit/write.ts";
import type { Queries } from "../database.ts";
import type { SecretsBox } from "./secrets-box.ts";

/** What verbs of the instance service are given besides their input. */
export interface InstanceContext {
  db: Queries;
  box: SecretsBox;
  /** Wakes a worker once the transaction commits. */
  wake(tx: Queries): Promise<void>;
}

/** A verb that somebody asked for. */
export interface CallerContext extends InstanceContext {
  caller: Caller;
}
