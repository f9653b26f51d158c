import { setTimeout as delay } from "node:timers/promises";
import type { Queries } from "../database.ts";
import type { InstanceClient } from "../instance/client.ts";
import { withOwnIds } from "../observability/ids.ts";
import type { Job } from "../observability/jobs.ts";
import type { Logger } from "../observability/log.ts";
import { applyFeed, readFeedPosition } from "./apply-feed.ts";

/** Seconds one request waits for news. */
const waitSeconds = 20;
const firstPauseMs = 100;
const longestPauseMs = 2_000;

/** Follows the instance service's feed from where it was left, until stopped. */
export function followFeed(deps: {
  db: Queries;
  instance: Pick<InstanceClient, "feed">;
  job: Job;
  log: Logger;
}): {
  stop(): Promise<void>;
} {
  const stop = new AbortController();
  const once = async () => {
    const after = await readFeedPosition(deps.db);
    const entries = await deps.instance.feed({ after, waitSeconds, signal: stop.signal });
    const unknown = entries.length > 0 ? await applyFeed(deps.db, entries, deps.log) : undefined;
    if (unknown)
      throw new Error(
        `Entry ${unknown.seq} ("${unknown.type}") tells what this version does not know. It waits there for a newer tenant service.`,
      );
  };
  const run = async () => {
    let pause = firstPauseMs;
    while (!stop.signal.aborted) {
      let isAway = false;
      await deps.job(once, (error) => {
        if (stop.signal.aborted) return;
        isAway = true;
        deps.log.warn({ err: error }, "the instance service's feed cannot be followed; trying again");
      });
      if (isAway) await delay(pause, undefined, { signal: stop.signal }).catch(() => undefined);
      pause = isAway ? Math.min(pause * 2, longestPauseMs) : firstPauseMs;
    }
  };
  const running = withOwnIds({}, run);
  return {
    async stop() {
      stop.abort();
      await running;
    },
  };
}
