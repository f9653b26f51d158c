import type { Caller } from "../audit/write.ts";
import type { Queries } from "../database.ts";
import type { FailedSignIns } from "./failed-sign-ins.ts";
import type { Identity } from "./identity.ts";

/** What the user service's verbs work with, for one caller. */
export interface UserContext {
  db: Queries;
  identity: Identity;
  caller: Caller;
  /** Without it nobody is locked out. */
  failures?: FailedSignIns;
}
