import type { Deps, Work } from "./deps.ts";
import type { EngineRequest, EngineResult, ResourceEvent } from "./engine/protocol.ts";
import { type ResourceStep, stepOf } from "./steps.ts";

export interface RunOptions {
  /** Told of every change of a resource, as it begins and ends. */
  onStep?: (step: ResourceStep) => void;
  /** Told of every event about a resource. */
  onEvent?: (event: ResourceEvent) => void;
  /** When false, a cancellation does not stop this run: a removal that has begun goes on. */
  cancellable?: boolean;
}

/**
 * Runs the engine on a stack in one of the warm workers. Changes of resources become steps. When it did not
 * succeed, the worker's whole set is dead before this returns, so that nothing goes on behind our back.
 */
export async function runEngine(
  deps: Deps,
  work: Work,
  request: EngineRequest,
  { onStep, onEvent, cancellable = true }: RunOptions = {},
): Promise<EngineResult> {
  const stop = AbortSignal.any([work.end, ...(cancellable ? [work.lease.cancelled.signal] : [])]);
  const worker = await deps.pool.lend(request.tenantId, stop);
  if (!worker) {
    work.end.throwIfAborted();
    return { status: "cancelled" };
  }
  const deadline = AbortSignal.timeout(deps.limits.runMs);
  const result = await worker.run(request, {
    signal: AbortSignal.any([stop, deadline]),
    log: work.log,
    onEvent: (event) => {
      onEvent?.(event);
      const step = stepOf(event);
      // What a preview tells of is not done.
      if (!step || request.command === "preview") return;
      if (step.phase === "begun") work.journal.begin(step.name);
      else work.journal.end(step.name, step.phase);
      onStep?.(step);
    },
  });
  if (result.status === "succeeded") {
    deps.pool.giveBack(worker);
    return result;
  }
  work.log.warn({ command: request.command, result }, "the engine did not succeed");
  work.journal.abandon();
  await deps.pool.retire(worker);
  work.end.throwIfAborted();
  if (result.status === "cancelled" && deadline.aborted) {
    return { status: "broken", reason: tookTooLong(deps) };
  }
  return result;
}

/** The reason of a run that was ended because it did not end. */
export function tookTooLong({ limits }: Pick<Deps, "limits">): string {
  return `It took longer than ${Math.round(limits.runMs / 1000)} s.`;
}
