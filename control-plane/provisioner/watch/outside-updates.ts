import type { Job } from "../../observability/jobs.ts";
import type { Deps } from "../deps.ts";
import { noteOutsideUpdates } from "../note-outside-updates.ts";
import { historyRoot } from "../state/state-store.ts";

const everyMs = 5_000;
/** A row that is written is seen at its commit, which may be later than its time. */
const overlapMs = 60_000;

/** Looks through the histories of all stacks every few seconds, at first for all that is there. Gives how to end it. */
export function watchOutsideUpdates(parts: Pick<Deps, "ctx" | "state" | "log"> & { job: Job }): () => void {
  let since = new Date(0);
  let looking = false;
  let wasAway = false;
  const once = async () => {
    const upTo = await noteOutsideUpdates(parts, historyRoot, since);
    since = new Date(upTo.getTime() - overlapMs);
    wasAway = false;
  };
  const look = async () => {
    if (looking) return;
    looking = true;
    await parts.job(once, (error) => {
      if (!wasAway) parts.log.warn({ err: error }, "the stacks' histories could not be looked through");
      wasAway = true;
    });
    looking = false;
  };
  const timer = setInterval(() => void look(), everyMs);
  void look();
  return () => clearInterval(timer);
}
