import { isDatabaseAway } from "../database.ts";
import { claimOperation } from "../instance/claim-operation.ts";
import type { Claim } from "../instance/lease.ts";
import { releaseOperation } from "../instance/release-operation.ts";
import type { Deps } from "./deps.ts";
import { leaseMs } from "./lease.ts";
import { type Running, workOn } from "./work-on.ts";

export interface Scheduler {
  /** There may be work, or a running operation may have been cancelled. Returns at once. */
  kick(): void;
  /** Whether an operation runs. */
  busy(): boolean;
  /** Takes no more work and waits for what runs; what still does after `graceMs` is broken off and given back. */
  stop(graceMs: number): Promise<void>;
}

/** Operations that may be open at once for each worker: most of an operation is waiting for Odoo to start. */
const openPerWorker = 4;
const scanEveryMs = 2_000;

/** Says why nothing may be begun now; undefined when all is well. */
export interface Guard {
  /** What the last look said. */
  problem(): string | undefined;
  /** Looks now. */
  ask(): Promise<string | undefined>;
}

/** Claims operations in order and works on them; on none that the guard objects to. */
export function createScheduler(deps: Deps, guard: Guard): Scheduler {
  const running = new Map<string, Running>();
  const stop = new AbortController();
  let stopping = false;
  const limit = deps.settings.workers * openPerWorker;
  let claiming: Promise<void> | undefined;
  let again = false;
  let refused: string | undefined;

  const isRefused = (why: string | undefined): boolean => {
    if (why !== refused && why) deps.log.error({ why }, "no work is taken");
    refused = why;
    return why !== undefined;
  };

  const next = () =>
    // A tenant whose lease was lost to ourselves waits until what ran then is over; the others need not.
    claimOperation(deps.ctx, { worker: deps.worker, leaseMs, except: [...running.keys()] });

  const begin = (claimed: Claim): Running => {
    const work = workOn(deps, claimed, stop.signal);
    running.set(claimed.tenantId, work);
    void work.done.then(() => {
      running.delete(claimed.tenantId);
      kick();
    });
    return work;
  };

  const claim = async () => {
    if (stopping || running.size >= limit || isRefused(guard.problem())) return;
    const first = await next();
    if (!first) return;
    const why = await guard.ask();
    // Asked to stop while it was claimed: whoever comes next takes it at once.
    if (stopping || isRefused(why)) return releaseOperation(deps.ctx, { fence: first });
    // It may have been cancelled while the guard was asked.
    begin(first).lease.look();
    // The guard starts programs, which costs as much as a claim: what else can begin now begins on the same answer.
    while (!stopping && running.size < limit) {
      const claimed = await next();
      if (!claimed) return;
      begin(claimed);
    }
  };

  const kick = () => {
    again = true;
    if (claiming || stopping) return;
    claiming = (async () => {
      while (again) {
        again = false;
        await claim().catch((error) => {
          if (!isDatabaseAway(error)) deps.log.error({ err: error }, "operations could not be claimed");
        });
      }
      claiming = undefined;
    })();
  };

  // A lease that runs out wakes nobody.
  const timer = setInterval(kick, scanEveryMs);

  return {
    busy: () => running.size > 0,
    kick() {
      for (const { lease } of running.values()) lease.look();
      kick();
    },
    async stop(graceMs) {
      stopping = true;
      clearInterval(timer);
      // What is being claimed is either given back or among those that run.
      await claiming;
      const grace = setTimeout(() => stop.abort(new Error("The provisioner stops.")), graceMs);
      await Promise.all([...running.values()].map(({ done }) => done));
      clearTimeout(grace);
    },
  };
}
