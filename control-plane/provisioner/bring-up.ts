import { tenantOutputs } from "../../stacks/tenant/contract.ts";
import { markReady } from "../instance/mark-ready.ts";
import type { StackRecord } from "../instance/read-stack.ts";
import { awaitReady } from "./await-ready.ts";
import type { Deps, Outcome, Work } from "./deps.ts";
import { insist } from "./insist.ts";
import { persist } from "./journal.ts";
import { markDatabases } from "./marks.ts";
import { dropHalfLoaded, needsOneOff, runOneOff } from "./one-off.ts";
import { outlast } from "./outlast.ts";
import { prepareStack } from "./prepare-stack.ts";
import { upStack } from "./up-stack.ts";
import { Waiters } from "./waiters.ts";

/**
 * Brings a tenant's stack to what its record says and waits until people can log in.
 * The login page is polled from the moment a container was started, beside what the engine still does.
 * @param refresh whether to look first at what is really there, as after a failure
 * @param guard asked beside what is prepared in the record; nothing is made before it lets it pass
 */
export async function bringUp(
  deps: Deps,
  work: Work,
  {
    doing,
    refresh = false,
    guard = async () => ({ status: "succeeded" }),
  }: { doing: "created" | "changed"; refresh?: boolean; guard?: () => Promise<Outcome> },
): Promise<Outcome> {
  let prepared: StackRecord | undefined;
  const ready = await outlast(deps, work, doing, async () => {
    const [stack, allowed] = await bothOrFirstError(prepareStack(deps, work), guard());
    prepared = stack;
    return allowed;
  });
  if (ready.status !== "succeeded" || !prepared) return ready;
  const stack = prepared;
  const { attempt, isRetry, specRevision } = work.claim;
  // Whoever worked on it before, and failed or died, may have left something.
  const resumed = attempt > 1 || isRetry || (!stack.readyAt && specRevision > 1);
  if (needsOneOff(stack)) {
    const loaded = await loadDatabases(deps, work, stack, resumed);
    if (loaded.status !== "succeeded") return loaded;
  }
  const waiters = new Waiters((instance, giveUp) => awaitReady(deps, work, stack, instance, giveUp));
  try {
    const done = await insist(deps, work, { doing, resumed }, async (again) => {
      // What was waited for while the last run was broken off says nothing about this one.
      if (again) await waiters.end();
      return upStack(deps, work, stack, {
        refresh: refresh || again,
        onStep: ({ name, instance, phase }) => {
          if (name.endsWith("container") && !name.startsWith("remove") && phase === "succeeded")
            waiters.begin(instance);
        },
      });
    });
    if (done.status !== "succeeded") return done;
    const { instances } = tenantOutputs.parse(done.outputs);
    for (const [instance, { identity }] of Object.entries(instances)) {
      const outcome = await waiters.outcome(instance);
      if (outcome.status !== "succeeded") return outcome;
      await persist(() => markReady(deps.ctx, { fence: work.lease.fence, instance, identity }), work.end);
    }
    work.afterwards.push(() =>
      markDatabases(deps, work.claim.tenantId).catch((error) =>
        work.log.warn({ err: error }, "the database could not be marked as one that was ready"),
      ),
    );
    return { status: "succeeded" };
  } finally {
    await waiters.end();
  }
}

/** Waits for both even when one rejects: what is tried again must not run beside what is left of the first try. */
async function bothOrFirstError<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([one, other]);
  return Promise.all([one, other]);
}

/** The first of two passes: databases only, filled by Odoo before anything could serve them. */
function loadDatabases(deps: Deps, work: Work, stack: StackRecord, resumed: boolean): Promise<Outcome> {
  return outlast(deps, work, "created", async () => {
    let spoilt = false;
    for (const { name } of stack.instances) spoilt = (await dropHalfLoaded(deps, stack, name)) || spoilt;
    const options = { doing: "created", resumed: resumed || spoilt } as const;
    const done = await insist(deps, work, options, (again) =>
      upStack(deps, work, stack, { refresh: again, databaseOnly: true }),
    );
    if (done.status !== "succeeded") return done;
    for (const { name } of stack.instances) {
      const loaded = await runOneOff(deps, work, stack, name);
      if (loaded.status !== "succeeded") return loaded;
    }
    return { status: "succeeded" };
  });
}
