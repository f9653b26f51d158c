import { names } from "../../stacks/tenant/names.ts";
import { readStack, type StackRecord } from "../instance/read-stack.ts";
import { DeadlineError, until } from "../until.ts";
import type { Deps, Work } from "./deps.ts";
import { runEngine } from "./engine-run.ts";
import { dropDatabase, dropRole, findLeftovers, removeContainer } from "./objects.ts";
import { endSessions } from "./processes/end-sessions.ts";
import { parseWorkerName, sessionName } from "./processes/identity.ts";
import { killProvisioner } from "./processes/kill.ts";
import { type Checkpoint, readCheckpoint } from "./state/checkpoint.ts";
import { readLocks } from "./state/locks.ts";
import { instanceOf } from "./steps.ts";
import { writeSalt } from "./write-salt.ts";

/**
 * Makes sure that whoever held the tenant before does nothing any more: its processes are killed and proved
 * dead, its sessions in PostgreSQL ended. Of another machine's provisioner nothing can be proved from here:
 * Pulumi's lock tells whether it still works on the stack.
 */
export async function takeOver(deps: Deps, previous: string): Promise<void> {
  const holder = parseWorkerName(deps.settings.env, previous);
  if (holder?.host !== deps.host || previous === deps.worker) return;
  await killProvisioner(deps.settings.env, holder.uuid);
  const prefix = sessionName(`${deps.settings.env}/${holder.uuid}`);
  await endSessions([deps.tenantsServer, deps.platformServer], prefix);
}

/**
 * Frees a stack of Pulumi's locks whose owners are dead, and waits for those who live. Gives the owners that
 * still hold it when the deadline passes; an empty list means: go on.
 */
export async function freeOfLocks(deps: Deps, work: Work, signal: AbortSignal): Promise<string[]> {
  let alive = await clearDeadLocks(deps, work);
  if (alive.length === 0) return [];
  const step = "wait for the stack's lock";
  work.journal.begin(step, `locked by ${alive.join(" and ")}`);
  try {
    await until(
      async () => {
        alive = await clearDeadLocks(deps, work);
        return alive.length === 0;
      },
      { what: "the stack's lock", deadlineMs: deps.limits.lockMs, everyMs: 500, signal },
    );
    work.journal.end(step);
  } catch (error) {
    work.end.throwIfAborted();
    work.journal.end(step, "failed");
    if (!(error instanceof DeadlineError) && !signal.aborted) throw error;
  }
  return alive;
}

async function clearDeadLocks(deps: Deps, work: Work): Promise<string[]> {
  const locks = await readLocks(deps.state, work.claim.tenantId, deps.host);
  const dead = locks.filter((lock) => lock.dead);
  if (dead.length > 0) {
    work.log.warn({ owners: dead.map(({ owner }) => owner) }, "removing locks whose owners are dead");
    await deps.state.remove(dead.map(({ key }) => key));
  }
  return locks.filter((lock) => !lock.dead).map(({ owner }) => owner);
}

/**
 * Settles what a killed engine left half done: things that were made and are not in the state are removed, so
 * that they are made anew. Of a tenant that was once ready only its container is; everything else stays.
 */
export async function settlePending(deps: Deps, work: Work, cancellable: boolean): Promise<void> {
  const { tenantId } = work.claim;
  const checkpoint = await readCheckpoint(deps.state, tenantId);
  if (!checkpoint) return;
  const stack = await readStack(deps.ctx, tenantId);
  const pending = checkpoint.pending.filter(({ type }) => type === "creating");
  const strays = await findStrays(deps, stack, checkpoint);
  if (pending.length + strays.length === 0) return;
  const urns = pending.map(({ resource }) => resource.urn);
  work.log.warn({ pending: urns, strays: strays.map(({ name }) => name) }, "settling what was half done");
  await work.journal.step("settle what was half done", async () => {
    for (const { remove } of strays) await remove();
    if (pending.length === 0) return;
    await writeSalt(deps.workDir, tenantId, stack.salt ?? "");
    const request = { command: "refresh", tenantId, clearPending: true } as const;
    let result = await runEngine(deps, work, request, { cancellable });
    if (result.status === "broken") result = await runEngine(deps, work, request, { cancellable });
    if (result.status === "failed") throw new Error(`The stack could not be settled: ${result.raw}`);
    // Pulumi itself goes on from there, with a warning; what was left half done it meets once more.
    if (result.status === "broken") work.log.error({ result }, "the stack could not be settled");
  });
}

interface Stray {
  name: string;
  remove: () => Promise<void>;
}

/**
 * Things that exist, or may be about to, and that the state does not have. Our own resources are not among them:
 * they may be created twice, the second create finds the first one's work done.
 */
async function findStrays(deps: Deps, stack: StackRecord, checkpoint: Checkpoint): Promise<Stray[]> {
  const { resources, pending } = checkpoint;
  const strays: Stray[] = [];
  for (const { name: instance } of stack.instances) {
    const its = names(stack.tenantId, instance, deps.settings.env);
    const has = (type: string) =>
      resources.some((one) => one.type === type && instanceOf(one.urn) === instance);
    const begun = (type: string) => pending.some(({ resource }) => resource.type === type);
    const left = await findLeftovers(deps, stack.tenantId, instance);
    if (!has(types.container) && (left.includes("container") || begun(types.container))) {
      const image = deps.platform.images.odoo.ref;
      strays.push({ name: its.container, remove: () => removeContainer(deps, its.container, image) });
    }
    if (stack.readyAt !== null) continue;
    if (!has(types.database) && left.includes("database")) {
      strays.push({ name: its.database, remove: () => dropDatabase(deps, its.database) });
    }
    if (!has(types.role) && !has(types.database) && left.includes("role")) {
      strays.push({ name: its.role, remove: () => dropRole(deps, its.role) });
    }
  }
  return strays;
}

const types = {
  container: "docker:index/container:Container",
  database: "postgresql:index/database:Database",
  role: "postgresql:index/role:Role",
};
