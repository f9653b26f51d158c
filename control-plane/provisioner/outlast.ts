import { isDatabaseAway } from "../database.ts";
import type { Deps, Outcome, Work } from "./deps.ts";
import { cancelled } from "./insist.ts";
import { away, untilBack } from "./outside.ts";
import { namedCause, notBack, unsteady } from "./sentences.ts";

/** Times that something outside may go away in the middle. */
const tries = 4;

/**
 * Runs work that speaks to PostgreSQL and Docker itself, not through the engine of Pulumi. When one of them went
 * away meanwhile, it is waited for and the work is done again, from its beginning; any other error is thrown on.
 * @param attempt must be repeatable; what it throws is judged by its message and by what answers now
 * @param doing completes "could not be ...": "restarted"
 */
export async function outlast(
  deps: Deps,
  work: Work,
  doing: string,
  attempt: () => Promise<Outcome>,
): Promise<Outcome> {
  const signal = AbortSignal.any([work.end, work.lease.cancelled.signal]);
  let cause = "";
  for (let n = 0; n < tries; n++) {
    try {
      return await attempt();
    } catch (error) {
      work.end.throwIfAborted();
      if (signal.aborted) return cancelled;
      const gone = await causeOf(deps, error);
      if (!gone) throw error;
      cause = gone;
      work.log.warn({ err: error, cause }, "something outside went away");
      const still = await untilBack(deps, work, signal);
      if (signal.aborted) return cancelled;
      if (still.length > 0) {
        return { status: "failed", error: notBack(still, Math.round(deps.limits.outsideMs / 1000)) };
      }
    }
  }
  return { status: "failed", error: unsteady(doing, cause) };
}

/** Work that something outside has broken off; `outside` names it when that is known already. */
export class BrokenOff extends Error {
  override name = "BrokenOff";
  readonly outside: string | undefined;
  constructor(outside: string | undefined, cause: unknown) {
    super(`${outside ?? "Something outside"} broke it off.`, { cause });
    this.outside = outside;
  }
}

async function causeOf(deps: Deps, error: unknown): Promise<string | undefined> {
  if (error instanceof BrokenOff && error.outside) return error.outside;
  const message = error instanceof Error ? error.message : String(error);
  return (await away(deps))[0] ?? namedCause(message) ?? (isDatabaseAway(error) ? "PostgreSQL" : undefined);
}
