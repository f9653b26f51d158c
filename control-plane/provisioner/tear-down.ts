import { rm } from "node:fs/promises";
import { join } from "node:path";
import { names } from "../../stacks/tenant/names.ts";
import { readStack } from "../instance/read-stack.ts";
import type { Deps, Outcome, Work } from "./deps.ts";
import type { EngineResult } from "./engine/protocol.ts";
import { runEngine } from "./engine-run.ts";
import { insist } from "./insist.ts";
import { findLeftovers, oneOffName, removeLeftovers } from "./objects.ts";
import { outsideCause } from "./sentences.ts";
import { readCheckpoint } from "./state/checkpoint.ts";
import { writeSalt } from "./write-salt.ts";

/**
 * Removes all that a tenant's stack has made, and what a killed process made without writing it down. The stack
 * itself stays, empty. It cannot be cancelled: half a removal helps nobody.
 */
export async function tearDown(
  deps: Deps,
  work: Work,
  { doing, resumed }: { doing: "removed" | "taken back"; resumed: boolean },
): Promise<Outcome> {
  const { tenantId } = work.claim;
  const done = await insist(deps, work, { doing, resumed, cancellable: false }, async (again) => {
    const stack = await readStack(deps.ctx, tenantId);
    const checkpoint = await readCheckpoint(deps.state, tenantId);
    if (checkpoint && checkpoint.resources.length > 0 && stack.salt) {
      // The program does not run, so the salt is all of the config that is needed.
      await writeSalt(deps.workDir, tenantId, stack.salt);
      // Nobody needs an orderly end of what is given up; while the engine starts, Odoo is ended already.
      const ended = Promise.all(stack.instances.map(({ name }) => killContainer(deps, tenantId, name)));
      const result = await destroyStack(deps, work, again);
      await ended;
      if (result.status !== "succeeded") return result;
    }
    for (const { name } of stack.instances) {
      work.end.throwIfAborted();
      await sweep(deps, work, name, again);
      // A one-off step that was killed leaves its secrets here.
      const { container } = names(tenantId, name, deps.settings.env);
      await rm(join(deps.workDir, oneOffName(container)), { recursive: true, force: true });
    }
    return { status: "succeeded", changes: {}, outputs: undefined };
  });
  return done.status === "succeeded" ? { status: "succeeded" } : done;
}

async function killContainer(deps: Deps, tenantId: string, instance: string): Promise<void> {
  const { container } = names(tenantId, instance, deps.settings.env);
  // One that does not run is refused, and an engine that is away is met again by Pulumi.
  await deps.docker.call("POST", `/containers/${container}/kill`).catch(() => undefined);
}

/** What is gone already cannot be removed: when that may be why it failed, Pulumi looks first at what is there. */
async function destroyStack(deps: Deps, work: Work, refresh: boolean): Promise<EngineResult> {
  const request = { command: "destroy", tenantId: work.claim.tenantId, refresh } as const;
  const result = await runEngine(deps, work, request, { cancellable: false });
  if (result.status !== "failed" || refresh || outsideCause(result.raw)) return result;
  return destroyStack(deps, work, true);
}

async function sweep(deps: Deps, work: Work, instance: string, thorough: boolean): Promise<void> {
  const { tenantId } = work.claim;
  const left = thorough ? ["whatever there is"] : await findLeftovers(deps, tenantId, instance);
  if (left.length === 0) return;
  work.log.warn({ instance, left }, "removing what the stack's state does not know");
  await work.journal.step("remove leftovers", () => removeLeftovers(deps, tenantId, instance));
}
