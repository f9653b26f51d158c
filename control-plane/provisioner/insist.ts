import { isDatabaseAway } from "../database.ts";
import type { Deps, Outcome, Work } from "./deps.ts";
import type { EngineResult } from "./engine/protocol.ts";
import { tookTooLong } from "./engine-run.ts";
import { away, untilBack } from "./outside.ts";
import { freeOfLocks, settlePending } from "./recover.ts";
import { lockedBy, notBack, outsideCause, slow, tell, unsteady } from "./sentences.ts";

export interface InsistOptions {
  /** Completes "could not be ...". */
  doing: "created" | "changed" | "removed" | "taken back" | "checked";
  /** Whether something may have been left half done by whoever worked on the stack before. */
  resumed: boolean;
  /** @default true */
  cancellable?: boolean;
}

type Succeeded = Extract<EngineResult, { status: "succeeded" }>;
type NotDone = Exclude<Outcome, { status: "succeeded" }>;

/** Runs that broke, or met something that was away, are repeated this often. */
const tries = 4;

/**
 * Runs the engine until it succeeded or has truly failed. A run that was broken off by a dead process, or by
 * PostgreSQL, Redis or Docker going away, is settled and repeated; what Pulumi refuses is final.
 * @param attempt one run; told whether an earlier one may have left something half done
 */
export async function insist(
  deps: Deps,
  work: Work,
  { doing, resumed, cancellable = true }: InsistOptions,
  attempt: (again: boolean) => Promise<EngineResult>,
): Promise<Succeeded | NotDone> {
  let again = resumed;
  let last = "";
  for (let n = 0; n < tries; n++) {
    work.end.throwIfAborted();
    try {
      const obstacle = await clearTheWay(deps, work, { again, cancellable });
      if (obstacle) return obstacle;
      const result = await attempt(again);
      if (result.status === "succeeded") return result;
      if (result.status === "cancelled") return cancelled;
      if (result.status === "failed") {
        const isOutside = outsideCause(result.raw) ?? (await away(deps))[0];
        if (!isOutside) return { status: "failed", error: tell(result.diagnostics, result.raw, doing) };
      }
      last = result.status === "broken" ? result.reason : result.raw;
    } catch (error) {
      work.end.throwIfAborted();
      const text = error instanceof Error ? error.message : String(error);
      if (!isDatabaseAway(error) && !outsideCause(text)) throw error;
      work.log.warn({ err: error }, "something outside went away");
      last = text;
    }
    again = true;
  }
  const cause = outsideCause(last);
  if (cause) return { status: "failed", error: unsteady(doing, cause) };
  if (last === tookTooLong(deps)) return { status: "failed", error: slow(doing, tries, last) };
  return {
    status: "failed",
    error: {
      code: "interrupted",
      message: `The tenant could not be ${doing}: the processes that work on it died ${tries} times. Try again, or ask an operator.`,
    },
  };
}

export const cancelled: NotDone = {
  status: "cancelled",
  error: { code: "cancelled", message: "It was cancelled on request." },
};

async function clearTheWay(
  deps: Deps,
  work: Work,
  { again, cancellable }: { again: boolean; cancellable: boolean },
): Promise<NotDone | undefined> {
  const signal = AbortSignal.any([work.end, ...(cancellable ? [work.lease.cancelled.signal] : [])]);
  const missing = again ? await untilBack(deps, work, signal) : [];
  const owners = missing.length > 0 ? [] : await freeOfLocks(deps, work, signal);
  if (signal.aborted) return cancelled;
  if (missing.length > 0) {
    return { status: "failed", error: notBack(missing, Math.round(deps.limits.outsideMs / 1000)) };
  }
  if (owners.length > 0) return { status: "failed", error: lockedBy(owners) };
  if (again) await settlePending(deps, work, cancellable);
  return undefined;
}
