import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import {
  isDeadWorker,
  provisionerTag,
  provisionerTagValue,
  startTime,
  workerName,
  workerTag,
} from "../../control-plane/provisioner/processes/identity.ts";
import { killOrphans, killWorker } from "../../control-plane/provisioner/processes/kill.ts";

const env = "t-procs";
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

/** A process that would live for an hour, in a session of its own as Pulumi starts its plugins. */
async function sleeper(tags: Record<string, string>): Promise<ChildProcess> {
  const child = spawn("sleep", ["3600"], {
    env: { ...process.env, ...tags },
    detached: true,
    stdio: "ignore",
  });
  started.push(child);
  await once(child, "spawn");
  return child;
}

/** The tag of a provisioner that has ended. */
async function deadTag(uuid: string): Promise<string> {
  const child = await sleeper({});
  const tag = provisionerTagValue(env, uuid, child.pid ?? 0);
  child.kill("SIGKILL");
  await once(child, "exit");
  return tag;
}

const lives = (child: ChildProcess) => startTime(child.pid ?? 0) !== undefined;

test("killing a worker ends all that carries its tag, whatever session it is in, and nothing else", async () => {
  const [mine, other] = [randomUUID(), randomUUID()];
  const two = [await sleeper({ [workerTag]: mine }), await sleeper({ [workerTag]: mine })];
  const bystander = await sleeper({ [workerTag]: other });
  expect(await killWorker(mine)).toBe(2);
  expect(two.map(lives)).toEqual([false, false]);
  expect(lives(bystander)).toBe(true);
});

test("orphans are those whose provisioner is dead, of this environment only", async () => {
  const orphan = await sleeper({ [provisionerTag]: await deadTag(randomUUID()) });
  const kept = await sleeper({ [provisionerTag]: provisionerTagValue(env, randomUUID()) });
  const foreign = await sleeper({ [provisionerTag]: (await deadTag(randomUUID())).replace(env, "t-other") });
  expect(await killOrphans(env)).toBe(1);
  expect([orphan, kept, foreign].map(lives)).toEqual([false, true, true]);
});

test("a worker is proved dead on its own machine only", async () => {
  const dead = await deadTag(randomUUID());
  const alive = provisionerTagValue(env, randomUUID());
  expect(isDeadWorker(env, "here", workerName("here", dead))).toBe(true);
  expect(isDeadWorker(env, "here", workerName("there", dead))).toBe(false);
  expect(isDeadWorker(env, "here", workerName("here", alive))).toBe(false);
  expect(isDeadWorker(env, "here", "a name of somebody else")).toBe(false);
});

test("a worker that has lost its provisioner takes its whole set along before it ends itself", async () => {
  const mine = randomUUID();
  const plugin = await sleeper({ [workerTag]: mine });
  const kill = join(import.meta.dirname, "../../control-plane/provisioner/processes/kill.ts");
  const script = `import { killWorker } from "${kill}"; console.log(await killWorker("${mine}"));`;
  const worker = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    env: { ...process.env, [workerTag]: mine },
    stdio: ["ignore", "pipe", "inherit"],
  });
  started.push(worker);
  const [said] = (await once(worker.stdout, "data")) as [Buffer];
  expect(said.toString().trim()).toBe("1");
  expect(lives(plugin)).toBe(false);
});
