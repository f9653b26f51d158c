import { isBerthError } from "../errors.ts";
import type { Outcome, Work } from "./deps.ts";
import { knownTrouble } from "./sentences.ts";

/**
 * What an operation says when something of Berth's own went wrong in it; the log has the whole error.
 * Throws on when the work must end without another write.
 */
export function ownFault(work: Work, error: unknown): Exclude<Outcome, { status: "succeeded" }> {
  work.end.throwIfAborted();
  // Whoever has the lease now goes on; before the renewal has noticed, a write may.
  if (isBerthError(error, "lease_lost")) throw error;
  work.log.error({ err: error }, "an operation failed by a fault of Berth's own");
  const isTold = isBerthError(error) && error.code !== "internal";
  if (isTold) return { status: "failed", error: { code: error.code, message: error.message } };
  // A full disk, for one, is met wherever something is written, and is nobody's fault here.
  return { status: "failed", error: knownTrouble(whole(error)) ?? untold };
}

/** An error's text with those of its causes. */
function whole(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}\n${whole(error.cause)}`;
}

const untold = {
  code: "internal",
  message:
    "Something went wrong inside Berth. The provisioner's log has it under this operation's id; try again, or delete the tenant.",
};
