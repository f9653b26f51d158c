import { newId } from "../ids.ts";
import { addToReserve, readReserve } from "../instance/reserve.ts";
import type { Job } from "../observability/jobs.ts";
import type { Deps } from "./deps.ts";
import type { LostEngines } from "./engine/pool.ts";
import { forgetStack } from "./state/forget-stack.ts";
import { removeConfig } from "./up-stack.ts";
import { writeSalt } from "./write-salt.ts";

/** Keeps a few stacks initialised ahead, with engines that wait for their tenants. */
export interface Reserve {
  /** Looks whether one is to be made. Returns at once. */
  fill(): void;
  stop(): Promise<void>;
}

const everyMs = 1_000;
/** Until an engine is started again for a stack where one ended by itself; doubled each time it does. */
const pauseMs = { first: 2_000, longest: 600_000 };
/** An engine whose stack left the reserve that long ago, with nothing running, waits for nobody. */
const orphanedMs = 10_000;

/**
 * Makes stacks ahead of their tenants: a state row and a salt, nothing else. Then starts engines for them, which hold
 * nothing of the stack. One after the other, and only while no operation runs: each costs a third to half a second of a
 * core that a tenant would wait for.
 * @param busy whether an operation runs
 */
export function keepReserve(deps: Deps, busy: () => boolean, job: Job): Reserve {
  let filling: Promise<void> | undefined;
  let stopped = false;
  const timer = setInterval(() => fill(), everyMs);
  /** Since when an engine waits for a stack that is not in the reserve, by tenant. */
  const orphaned = new Map<string, number>();

  /** Ends engines that wait for nobody. Gives whether one waits for a tenant who has just left the reserve. */
  const endOrphans = (waiting: string[]): boolean => {
    const ahead = deps.pool.ahead().filter((tenantId) => !waiting.includes(tenantId));
    for (const tenantId of orphaned.keys()) if (!ahead.includes(tenantId)) orphaned.delete(tenantId);
    for (const tenantId of ahead) {
      const since = orphaned.get(tenantId) ?? performance.now();
      orphaned.set(tenantId, since);
      if (performance.now() - since > orphanedMs) deps.pool.endAhead(tenantId);
    }
    return deps.pool.ahead().some((tenantId) => orphaned.has(tenantId));
  };

  /** Does one thing, if there is one to do. */
  const step = async (): Promise<boolean> => {
    const waiting = await readReserve(deps.ctx);
    // Their operation comes in a moment, and shall find the worker free where its engine waits.
    if (endOrphans(waiting.map(({ tenantId }) => tenantId))) return false;
    if (waiting.length < deps.settings.reserve) return addOne(deps);
    const ahead = deps.pool.ahead();
    const next = waiting
      .slice(0, deps.settings.enginesAhead)
      .find(({ tenantId }) => !ahead.includes(tenantId) && isDue(deps.pool.lost(tenantId)));
    const worker = next && deps.pool.lendIdle();
    if (!worker) return false;
    await worker.startAhead(next);
    deps.pool.giveBack(worker);
    return true;
  };

  const work = async () => {
    while (!stopped && !busy() && (await step()));
  };
  const failed = (error: unknown) =>
    deps.log.warn({ err: error }, "no stack could be made ahead; trying again");
  const fill = () => {
    if (filling || stopped || busy()) return;
    filling = job(work, failed).finally(() => {
      filling = undefined;
    });
  };

  return {
    fill,
    async stop() {
      stopped = true;
      clearInterval(timer);
      await filling;
    },
  };
}

function isDue(lost: LostEngines | undefined): boolean {
  if (!lost) return true;
  return performance.now() - lost.at > Math.min(pauseMs.first * 2 ** (lost.count - 1), pauseMs.longest);
}

/** Derives the keys of stacks that wait, so that their tenants need not wait for it. */
export async function warmCrypters({ ctx, crypters }: Pick<Deps, "ctx" | "crypters">): Promise<void> {
  for (const { salt } of await readReserve(ctx)) await crypters.forSalt(salt);
}

async function addOne(deps: Deps): Promise<boolean> {
  const worker = deps.pool.lendIdle();
  if (!worker) return false;
  const tenantId = newId("ten");
  try {
    const { salt } = await deps.crypters.create();
    await writeSalt(deps.workDir, tenantId, salt);
    const result = await worker.run(
      { command: "init", tenantId },
      {
        onEvent: () => undefined,
        signal: AbortSignal.timeout(60_000),
        log: deps.log.child({ tenant: tenantId }),
      },
    );
    if (result.status !== "succeeded") {
      throw new Error(`A stack could not be initialised: ${JSON.stringify(result)}`);
    }
    await removeConfig([deps.workDir], tenantId);
    await addToReserve(deps.ctx, { tenantId, salt, worker: deps.worker });
    deps.pool.giveBack(worker);
    return true;
  } catch (error) {
    // Whatever it was, a lent worker must not be lost for those who wait.
    await deps.pool.retire(worker);
    await removeConfig([deps.workDir], tenantId);
    await forgetStack(deps.state, tenantId);
    throw error;
  }
}
