import { eq } from "drizzle-orm";
import { newId } from "../ids.ts";
import { addToReserve, countReserve } from "../instance/reserve.ts";
import { stacks } from "../instance/schema.ts";
import type { Deps } from "./deps.ts";
import { forgetStack } from "./state/forget-stack.ts";
import { removeConfig } from "./up-stack.ts";
import { writeSalt } from "./write-salt.ts";

/** Keeps a few stacks initialised ahead. */
export interface Reserve {
  /** Looks whether one is to be made. Returns at once. */
  fill(): void;
  stop(): Promise<void>;
}

const everyMs = 1_000;

/**
 * Makes stacks ahead of their tenants: a state row and a salt, nothing else. One at a time, and only while no
 * operation runs: each costs half a second of a core that a tenant would wait for.
 * @param busy whether an operation runs
 */
export function keepReserve(deps: Deps, busy: () => boolean): Reserve {
  let filling: Promise<void> | undefined;
  let stopped = false;
  const timer = setInterval(() => fill(), everyMs);

  const fill = () => {
    if (filling || stopped || busy()) return;
    filling = (async () => {
      while (!stopped && !busy() && (await countReserve(deps.ctx)) < deps.settings.reserve) {
        if (!(await addOne(deps))) return;
      }
    })()
      .catch((error) => deps.log.warn({ err: error }, "no stack could be made ahead; trying again"))
      .finally(() => {
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

/** Derives the keys of stacks that wait, so that their tenants need not wait for it. */
export async function warmCrypters({ ctx, crypters }: Pick<Deps, "ctx" | "crypters">): Promise<void> {
  const waiting = await ctx.db
    .select({ salt: stacks.salt })
    .from(stacks)
    .where(eq(stacks.status, "reserved"));
  for (const { salt } of waiting) if (salt) await crypters.forSalt(salt);
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
      { onEvent: () => undefined, signal: AbortSignal.timeout(60_000) },
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
