import { isDatabaseAway } from "../database.ts";
import { isBerthError } from "../errors.ts";
import { finishOperation } from "../instance/finish-operation.ts";
import type { Claim } from "../instance/lease.ts";
import type { OperationKind } from "../instance/operation-status.ts";
import { releaseOperation } from "../instance/release-operation.ts";
import type { Ids } from "../observability/ids.ts";
import type { Deps, Outcome, Work } from "./deps.ts";
import { Journal, persist } from "./journal.ts";
import { keepLease, type Lease } from "./lease.ts";
import { noteOutsideUpdates } from "./note-outside-updates.ts";
import { operations } from "./operations/index.ts";
import { untilBack } from "./outside.ts";
import { ownFault } from "./own-fault.ts";
import { takeOver } from "./recover.ts";
import { notBack } from "./sentences.ts";
import { stateKeys } from "./state/state-store.ts";

export interface Running {
  claim: Claim;
  lease: Lease;
  /** Resolves, and never rejects, when nothing of it runs any more. */
  done: Promise<void>;
}

/** Works on a claimed operation to its end. `stop` ends it early and gives it back for others to go on with. */
export function workOn(deps: Deps, claim: Claim, stop: AbortSignal): Running {
  const { requestId, operationId, tenantId, kind } = claim;
  const log = deps.log.child({ requestId, operationId, tenant: tenantId, kind } satisfies Ids & {
    kind: string;
  });
  const lease = keepLease(deps.ctx, claim, claim.cancelRequested, log);
  const journal = new Journal(
    deps.ctx,
    claim,
    lease.lost,
    (step, seconds) => deps.timeStep(kind, step, seconds),
    log,
  );
  const end = AbortSignal.any([lease.lost.signal, stop]);
  const work: Work = { claim, lease, journal, log, end, afterwards: [] };
  const done = perform(deps, work)
    .catch(async (error) => {
      if (lease.lost.signal.aborted || isBerthError(error, "lease_lost")) {
        log.warn({ err: error }, "the lease is lost; whoever has it goes on");
        return;
      }
      if (!stop.aborted) throw error;
      await releaseOperation(deps.ctx, { fence: claim });
      log.info("given back");
    })
    // Without an end of its own the operation is claimed again when its lease has run out.
    .catch((error) => log.error({ err: error }, "the operation could not be ended"))
    .finally(() => lease.close());
  return { claim, lease, done };
}

async function perform(deps: Deps, work: Work): Promise<void> {
  const { claim, journal, log } = work;
  const from = performance.now();
  const outcome = await attempt(deps, work);
  await journal.flush();
  work.end.throwIfAborted();
  await persist(() => finishOperation(deps.ctx, { fence: claim, ...outcome }), work.end);
  for (const one of work.afterwards) await one();
  // Each run leaves an entry and a copy of the checkpoint, and Pulumi lists them all whenever it is asked.
  await deps.state
    .prune(stateKeys(claim.tenantId).history, 2 * keptRuns)
    .catch((error) => log.warn({ err: error }, "the stack's history could not be pruned"));
  log.info(
    { ...outcome, ms: Math.round(performance.now() - from), attempt: claim.attempt },
    "operation ended",
  );
}

/** Entries of Pulumi's history that each stack keeps. */
const keptRuns = 25;

/** Claimed more often than this, it kills whoever works on it. */
const attempts = 6;

async function attempt(deps: Deps, work: Work): Promise<Outcome> {
  const { claim } = work;
  const { previous } = claim;
  try {
    const obstacle = previous && (await takenOver(deps, work, previous.worker));
    if (obstacle) return obstacle;
    if (claim.attempt > attempts) return interruptedTooOften(claim.kind);
    // Before the stack's history is pruned, or forgotten with the stack. A new one has none.
    const { history } = stateKeys(claim.tenantId);
    if (claim.kind !== "create")
      await persist(() => noteOutsideUpdates(deps, history, new Date(0)), work.end);
    return await operations[claim.kind](deps, work);
  } catch (error) {
    return ownFault(work, error);
  }
}

/** Times that PostgreSQL may go away meanwhile. */
const takeOverTries = 4;

/** Takes over from whoever worked on it before; while PostgreSQL is away nothing is proved of them, so it is waited for. */
async function takenOver(deps: Deps, work: Work, worker: string): Promise<Outcome | undefined> {
  for (let n = 1; ; n++) {
    try {
      await work.journal.step("take over", () => takeOver(deps, worker));
      return undefined;
    } catch (error) {
      work.end.throwIfAborted();
      if (!isDatabaseAway(error) || n === takeOverTries) throw error;
      work.log.warn({ err: error }, "PostgreSQL went away while an operation was taken over");
      const missing = await untilBack(deps, work, work.end);
      if (missing.length === 0) continue;
      const { code, message } = notBack(missing, Math.round(deps.limits.outsideMs / 1000));
      return { status: "failed", error: { code, message: `${message} ${leftBy[work.claim.kind]}` } };
    }
  }
}

/** Whatever kills its workers would kill the one that takes back what was made, so that is left to a person. */
function interruptedTooOften(kind: OperationKind): Outcome {
  const message = `It was begun ${attempts} times and broken off each time. ${leftBy[kind]} The provisioner's log says more.`;
  return { status: "failed", error: { code: "interrupted", message } };
}

const leftBy: Record<OperationKind, string> = {
  create: "What was made so far is still there: try again, or delete the tenant, which removes it.",
  change: "What was changed so far stays: try again.",
  restart: "The instance may be stopped: try again.",
  destroy: "What was not removed so far is still there: delete the tenant again.",
  check: "Nothing was changed: try again.",
};
