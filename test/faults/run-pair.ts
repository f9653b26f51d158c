import {
  parseProvisionerTag,
  provisionerTag,
  startTime,
} from "../../control-plane/provisioner/processes/identity.ts";
import { taggedProcesses } from "../../control-plane/provisioner/processes/scan.ts";
import { type Kind, type Pair, tenantsOf } from "./cells.ts";
import { type Asked, create, ended, forgotten, type Lane, remove, removed } from "./lane.ts";
import { judge, readMark } from "./oracle.ts";
import { Scene } from "./scene.ts";
import { aim } from "./targets.ts";

export interface Verdict {
  /** How the operations ended. */
  outcome: string;
  /** Seconds from the kill to the last operation's end. */
  seconds: number;
  problems: string[];
}

/** What is there all the time and must never notice anything. */
export interface Surroundings {
  /** The inventory before the first tenant. */
  baseline: string[];
  keeper: Asked;
  /** The row in the keeper's database. */
  note: string;
}

/**
 * Kills in the middle of creates and then, of the same tenants, in the middle of removals; judges after each.
 * All pairs use the same slugs: the next create works only when the last removal was whole.
 */
export async function runPair(
  lane: Lane,
  around: Surroundings,
  pair: Pair,
  settle: (kind: Kind, verdict: Verdict) => void,
): Promise<void> {
  const slugs = Array.from({ length: tenantsOf(pair.victim) }, (_, i) => `tenant-${i + 1}`);
  const born = () => Promise.all(slugs.map((slug) => create(lane, slug)));
  const created = await untilHit(
    () => strike(lane, pair, "create", born),
    async ({ ends }) => clearAway(lane, ends),
  );
  const alive = created.ends.flatMap(({ asked, status }) => (status === "succeeded" ? [asked] : []));
  settle("create", await verdict(lane, around, created, { alive, gone: [] }));
  let tenants = created.ends.map(({ asked }) => asked);
  const destroyed = await untilHit(
    () => strike(lane, pair, "destroy", () => Promise.all(tenants.map((asked) => remove(lane, asked)))),
    async ({ ends }) => {
      await Promise.all(ends.map(({ asked }) => forgotten(lane, asked)));
      tenants = await born();
      for (const asked of tenants) await ended(lane, asked);
    },
  );
  settle("destroy", await verdict(lane, around, destroyed, { alive: [], gone: tenants }));
  // What comes next uses the same slugs.
  await Promise.all(tenants.map((asked) => forgotten(lane, asked)));
}

/** A moment of milliseconds may be missed; then all is put back and it is tried again. */
async function untilHit(
  hit: () => Promise<Struck>,
  again: (missed: Struck) => Promise<void>,
): Promise<Struck> {
  for (let tries = 1; ; tries++) {
    const struck = await hit();
    if (struck.missed === undefined || tries === 4) return struck;
    await again(struck);
  }
}

async function clearAway(lane: Lane, ends: Struck["ends"]): Promise<void> {
  await Promise.all(ends.map(({ asked }) => removed(lane, asked)));
}

interface Struck {
  ends: Array<{ asked: Asked; status: string; message: string }>;
  seconds: number;
  /** Why this was no test of what it should be. */
  missed: string | undefined;
}

async function strike(lane: Lane, pair: Pair, kind: Kind, ask: () => Promise<Asked[]>): Promise<Struck> {
  const scene = await Scene.open(lane.settings);
  try {
    const victims = await aim(lane.settings, pair.victim);
    const asked = await ask();
    const moment = await scene.reach(
      asked.map(({ tenantId }) => tenantId),
      pair.point,
      kind,
    );
    const from = performance.now();
    let missed = moment ? undefined : "the moment was over before anything could be killed";
    if (moment) {
      if (!victims(moment.engine).every(kill)) missed = "one of the processes had just ended by itself";
      const open = await scene.inFlight(asked.map(({ operation }) => operation));
      if (open !== asked.length) missed = `only ${open} of ${asked.length} operations were in flight`;
      if (pair.victim === "control plane") await lane.berth("start");
      // A plugin's death leaves the engine alive: it is the one to write. Whose engine is to die must not write any more.
      if (!pair.victim.endsWith("plugin")) await moment.writerGone();
      await moment.release();
    }
    const ends = await Promise.all(
      asked.map(async (one) => {
        const { status, error } = await ended(lane, one);
        return { asked: one, status, message: error?.message ?? "" };
      }),
    );
    return { ends, seconds: (performance.now() - from) / 1000, missed };
  } finally {
    await scene.close();
  }
}

/** False when there was nobody to kill any more. */
function kill(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    return false;
  }
}

async function verdict(
  lane: Lane,
  { baseline, keeper, note }: Surroundings,
  { ends, seconds, missed }: Struck,
  { alive, gone }: { alive: Asked[]; gone: Asked[] },
): Promise<Verdict> {
  const problems = missed === undefined ? [] : [`not hit: ${missed}`];
  for (const { asked, status, message } of ends)
    if (status !== "succeeded") problems.push(`${asked.slug} ended ${status}: ${message || "(no reason)"}`);
  const looked = alive.length > 0 ? alive : [keeper];
  problems.push(...(await judge(lane, { baseline, alive: [keeper, ...alive], looked, gone })));
  const found = (await readMark(lane, keeper)).join();
  if (found !== note) problems.push(`the marker of ${keeper.slug} is "${found}"`);
  problems.push(...(await orphans(lane)));
  const outcome = ends.length > 1 ? `all ${ends.length} finished` : "finished";
  return { outcome: problems.length > 0 ? "wrong" : outcome, seconds, problems };
}

/** Processes whose provisioner is dead. */
async function orphans({ settings }: Lane): Promise<string[]> {
  return (await taggedProcesses(provisionerTag)).flatMap(({ pid, tag }) => {
    const owner = parseProvisionerTag(settings.env, tag);
    return owner === undefined || startTime(owner.pid) === owner.startTime
      ? []
      : [`process ${pid} of a dead provisioner still runs`];
  });
}
