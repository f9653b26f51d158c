import type { OperationKind } from "../../instance/operation-status.ts";
import type { Deps, Outcome, Work } from "../deps.ts";
import { change } from "./change.ts";
import { check } from "./check.ts";
import { create } from "./create.ts";
import { destroy } from "./destroy.ts";
import { restart } from "./restart.ts";

/** What is done for each kind of operation. Rejects only when its lease is lost or for a fault of our own. */
export const operations: Record<OperationKind, (deps: Deps, work: Work) => Promise<Outcome>> = {
  create,
  change,
  restart,
  destroy,
  check,
};
