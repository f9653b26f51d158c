import { until } from "../../until.ts";
import { parseProvisionerTag, provisionerTag, startTime, workerTag } from "./identity.ts";
import { type TaggedProcess, taggedProcesses } from "./scan.ts";

/**
 * Kills every process tagged with this worker, but the one that asks, and returns once none is left.
 * Throws DeadlineError otherwise.
 */
export function killWorker(worker: string): Promise<number> {
  return killAll(`the processes of worker ${worker} to die`, async () =>
    (await taggedProcesses(workerTag)).filter((one) => one.tag === worker),
  );
}

/** Kills what provisioners of this environment left behind on this machine: processes whose provisioner is dead. */
export function killOrphans(env: string): Promise<number> {
  return killAll(`leftovers of dead provisioners of "${env}" to die`, async () =>
    (await taggedProcesses(provisionerTag)).filter((one) => {
      const owner = parseProvisionerTag(env, one.tag);
      return owner !== undefined && startTime(owner.pid) !== owner.startTime;
    }),
  );
}

/** Kills all processes that one provisioner of this machine started, whether it lives or not. */
export function killProvisioner(env: string, uuid: string): Promise<number> {
  return killAll(`the processes of provisioner ${uuid} to die`, async () =>
    (await taggedProcesses(provisionerTag)).filter((one) => parseProvisionerTag(env, one.tag)?.uuid === uuid),
  );
}

async function killAll(what: string, find: () => Promise<TaggedProcess[]>): Promise<number> {
  const killed = new Set<string>();
  await until(
    async () => {
      // A worker that has lost its provisioner asks for its own set: the others would outlive it.
      const found = (await find()).filter(({ pid }) => pid !== process.pid);
      for (const { pid, startTime: started } of found) {
        // Between the look and the shot the number may have gone to another process.
        if (startTime(pid) !== started) continue;
        signal(pid);
        killed.add(`${pid}-${started}`);
      }
      return found.length === 0;
    },
    { what, deadlineMs: 20_000, everyMs: 10 },
  );
  return killed.size;
}

function signal(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
