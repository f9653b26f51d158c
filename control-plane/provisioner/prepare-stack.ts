import { allocateAddress } from "../instance/allocate-address.ts";
import { keepSalt } from "../instance/keep-salt.ts";
import { keepTemplate } from "../instance/keep-template.ts";
import { readStack, type StackRecord } from "../instance/read-stack.ts";
import type { Deps, Work } from "./deps.ts";
import { runEngine } from "./engine-run.ts";
import { persist } from "./journal.ts";
import { BrokenOff } from "./outlast.ts";
import { namedCause } from "./sentences.ts";
import { readCheckpoint } from "./state/checkpoint.ts";
import { writeSalt } from "./write-salt.ts";

/** Gives a stack all that its config needs: address, template, salt and a place in Pulumi's state. */
export async function prepareStack(deps: Deps, work: Work): Promise<StackRecord> {
  return persist(async () => {
    const { tenantId } = work.claim;
    const [stack, checkpoint] = await Promise.all([
      readStack(deps.ctx, tenantId),
      readCheckpoint(deps.state, tenantId),
    ]);
    const [salt, ...instances] = await Promise.all([
      stack.salt ?? newSalt(deps, work),
      ...stack.instances.map((row) => complete(deps, work, row)),
    ]);
    // Not every tenant comes from the reserve, and who kept a salt may have died before the stack was made.
    if (!checkpoint) await initStack(deps, work, tenantId, salt);
    return { ...stack, salt, instances };
  }, work.end);
}

async function complete(deps: Deps, work: Work, row: StackRecord["instances"][number]) {
  const about = { fence: work.lease.fence, instance: row.name };
  const { subnet } = deps.platform.network;
  const [address, template] = await Promise.all([
    row.address ?? newAddress(deps, { ...about, subnet }),
    row.template ?? keepTemplate(deps.ctx, { ...about, template: deps.platform.template.name }),
  ]);
  return { ...row, address, template };
}

type NewAddress = Omit<Parameters<typeof allocateAddress>[1], "taken">;

async function newAddress(deps: Deps, input: NewAddress): Promise<string> {
  return allocateAddress(deps.ctx, { ...input, taken: await deps.strangers() });
}

async function newSalt(deps: Deps, work: Work): Promise<string> {
  const { salt } = await deps.crypters.create();
  await keepSalt(deps.ctx, { fence: work.lease.fence, salt });
  return salt;
}

/** Times that a process may die while it initialises a stack. */
const tries = 3;

async function initStack(deps: Deps, work: Work, tenantId: string, salt: string): Promise<void> {
  await writeSalt(deps.workDir, tenantId, salt);
  let reason = "";
  for (let n = 0; n < tries; n++) {
    const result = await runEngine(deps, work, { command: "init", tenantId });
    if (result.status === "succeeded" || result.status === "cancelled") return;
    reason = result.status === "failed" ? result.raw : result.reason;
    // Who died may have made it; then PostgreSQL, when it is what went away, is waited for by whoever calls.
    if (await readCheckpoint(deps.state, tenantId)) return;
    if (result.status === "failed") break;
  }
  throw new BrokenOff(namedCause(reason), new Error(`The stack could not be initialised: ${reason}`));
}
