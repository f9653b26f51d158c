// npm run bench [-- --json FILE]: Berth against the same work by hand, in one run on one machine.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { Redis } from "ioredis";
import { type Api, apiUrl, openApi } from "../../control-plane/cli/api.ts";
import { dataPaths, projectRoot } from "../../control-plane/paths.ts";
import { readPlatform } from "../../control-plane/platform/outputs.ts";
import { parseSettings, type Settings } from "../../control-plane/settings.ts";
import { ownVariables } from "../support/variables.ts";
import { berthCreate, berthRemove, mustAnswer } from "./berth.ts";
import { idle } from "./idle.ts";
import { memoryOf } from "./memory.ts";
import { type RawSteps, type RawTenant, type RawWorld, rawCreate, rawRemove } from "./raw.ts";
import { measureReads, type Reads } from "./reads.ts";

const { values: options } = parseArgs({
  options: {
    json: { type: "string" },
    rounds: { type: "string", default: "7" },
    eights: { type: "string", default: "6" },
    reads: { type: "string", default: "9" },
  },
});
const rounds = Number(options.rounds);
const eights = Number(options.eights);
const readRounds = Number(options.reads);

const env: NodeJS.ProcessEnv = {
  ...process.env,
  ...(await ownVariables(`b-${process.pid % 100_000}`, { BERTH_TENANT_SUBNET: "10.218.0.0/20" })),
};
const run = promisify(execFile);
const berth = (...args: string[]) => run(join(projectRoot, "bin/berth"), args, { env, maxBuffer: 64 << 20 });

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const from = performance.now();
  await work();
  return (performance.now() - from) / 1000;
};
/** Of an even number of values the mean of the two in the middle. */
function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [below, above] = [sorted[Math.ceil(values.length / 2) - 1], sorted[Math.floor(values.length / 2)]];
  return ((below ?? Number.NaN) + (above ?? Number.NaN)) / 2;
}

/** Addresses at the end of the subnet: the control plane gives them out from its beginning. */
let made = 0;
function nextRaw(): RawTenant {
  made += 1;
  const id = `ten_r${randomBytes(8).toString("hex").slice(0, 15)}`;
  return { id, host: `${id.slice(4)}.localhost`, address: `10.218.15.${made}` };
}
let slugs = 0;
const nextSlug = () => `bench-${++slugs}`;

interface Pair {
  raw: number[];
  berth: number[];
}
interface Figures {
  alone: Pair;
  eight: Pair;
  remove: Pair;
  steps: RawSteps[];
  reads: Reads;
}

async function measure(world: RawWorld, call: Api): Promise<Omit<Figures, "reads">> {
  const figures: Omit<Figures, "reads"> = { alone: pair(), eight: pair(), remove: pair(), steps: [] };
  const { settings } = world;
  // The first of each is a rehearsal: caches of the engine, the databases and the warm workers.
  for (let round = 0; round <= rounds; round++) {
    await idle(world);
    const tenant = nextRaw();
    let steps: RawSteps = {};
    const raw = await seconds(async () => {
      steps = await rawCreate(world, tenant);
    });
    await idle(world);
    const slug = nextSlug();
    const created = await berthCreate(settings, call, slug);
    await mustAnswer(settings, created.host);
    await idle(world);
    const rawGone = await seconds(() => rawRemove(world, tenant));
    await idle(world);
    const berthGone = await seconds(() => berthRemove(settings, call, slug));
    const name = round === 0 ? "rehearsal" : `${round} of ${rounds}`;
    console.log(`alone ${name}: raw ${raw.toFixed(2)} s, berth ${created.readySeconds.toFixed(2)} s`);
    if (round === 0) continue;
    figures.alone.raw.push(raw);
    figures.alone.berth.push(created.readySeconds);
    figures.remove.raw.push(rawGone);
    figures.remove.berth.push(berthGone);
    figures.steps.push(steps);
  }
  for (let round = 0; round <= eights; round++) {
    const tenants = Array.from({ length: 8 }, nextRaw);
    const names = tenants.map(nextSlug);
    const sides = {
      raw: () => seconds(() => Promise.all(tenants.map((tenant) => rawCreate(world, tenant)))),
      berth: async () => {
        const created = await Promise.all(names.map((slug) => berthCreate(settings, call, slug)));
        for (const { host } of created) await mustAnswer(settings, host);
        return Math.max(...created.map((one) => one.readySeconds));
      },
    };
    // Who comes second works beside the other's tenants, so they take turns.
    const order = round % 2 === 0 ? (["raw", "berth"] as const) : (["berth", "raw"] as const);
    const took = { raw: Number.NaN, berth: Number.NaN };
    for (const side of order) {
      await idle(world);
      took[side] = await sides[side]();
    }
    // Only now: files that were deleted a moment ago make the file system slower for whoever makes new ones.
    await Promise.all(tenants.map((tenant) => rawRemove(world, tenant)));
    await Promise.all(names.map((slug) => berthRemove(settings, call, slug)));
    const name = round === 0 ? "rehearsal" : `${round} of ${eights}`;
    console.log(`eight ${name}: raw ${took.raw.toFixed(2)} s, berth ${took.berth.toFixed(2)} s`);
    if (round === 0) continue;
    figures.eight.raw.push(took.raw);
    figures.eight.berth.push(took.berth);
  }
  return figures;
}

function pair(): Pair {
  return { raw: [], berth: [] };
}

function summary(figures: Figures) {
  const of = ({ raw, berth }: Pair) => ({ raw_s: median(raw), berth_s: median(berth) });
  const [alone, eight, remove] = [of(figures.alone), of(figures.eight), of(figures.remove)];
  const bare = median(figures.reads.bare);
  const bareBySocket = median(figures.reads.bareBySocket);
  const berth = median(figures.reads.berth);
  return {
    reads: { bare, bareBySocket, berth, throughput_ratio: berth / bare, by_socket: berth / bareBySocket },
    alone: { ...alone, ratio: alone.berth_s / alone.raw_s },
    eight: { ...eight, throughput_ratio: eight.raw_s / eight.berth_s },
    remove: { ...remove, ratio: remove.berth_s / remove.raw_s },
  };
}

function print(figures: Figures, memory: Record<string, number>, settings: Settings): void {
  const result = summary(figures);
  const row = (...cells: string[]) =>
    console.log(cells.map((cell, i) => (i ? cell.padStart(10) : cell.padEnd(26))).join(""));
  row("", "raw", "berth", "ratio");
  const s = (value: number) => `${value.toFixed(2)} s`;
  row(
    "one tenant, to login page",
    s(result.alone.raw_s),
    s(result.alone.berth_s),
    result.alone.ratio.toFixed(2),
  );
  row(
    "eight at once",
    s(result.eight.raw_s),
    s(result.eight.berth_s),
    `${result.eight.throughput_ratio.toFixed(2)} *`,
  );
  row("removal", s(result.remove.raw_s), s(result.remove.berth_s), result.remove.ratio.toFixed(2));
  const perSecond = (value: number) => `${Math.round(value)}/s`;
  const { bare, bareBySocket, berth, throughput_ratio, by_socket } = result.reads;
  row("tenant read with a key", perSecond(bare), perSecond(berth), `${throughput_ratio.toFixed(2)} *`);
  row("  bare by socket, too", perSecond(bareBySocket), perSecond(berth), `${by_socket.toFixed(2)} *`);
  console.log(
    "* throughput of berth / throughput of raw; a raw read is a bare route with one indexed select",
  );
  console.log(`Berth kept ${settings.reserve} stacks and ${settings.enginesAhead} engines ahead.\n`);
  console.log(`raw, end of each step (median of ${rounds}):`);
  for (const step of Object.keys(figures.steps[0] ?? {})) {
    row(`  ${step}`, s(median(figures.steps.map((steps) => steps[step] ?? Number.NaN)) / 1000));
  }
  console.log("memory, MiB resident:");
  for (const [name, mib] of Object.entries(memory)) row(`  ${name}`, `${mib}`);
}

async function bench(): Promise<void> {
  await berth("start");
  await berth("staff");
  const settings = parseSettings(env);
  const paths = dataPaths(settings.dataDir);
  const password = (await readFile(paths.loginPassword("provisioner"), "utf8")).trim();
  const redis = new Redis({
    port: settings.redisPort,
    password: (await readFile(paths.redisPassword, "utf8")).trim(),
  });
  try {
    const world: RawWorld = {
      settings,
      platform: await readPlatform(settings.dataDir),
      login: { host: "127.0.0.1", port: settings.postgresPort, user: "provisioner", password },
      redis,
    };
    const created = await measure(world, await openApi(settings));
    await idle(world);
    const by = { login: world.login, socketFolder: paths.postgresSocketFolder };
    const figures = {
      ...created,
      reads: await measureReads({ apiUrl: apiUrl(settings), ...by }, readRounds),
    };
    print(figures, await memoryOf(paths.supervisorSocket), settings);
    if (options.json) await writeFile(options.json, `${JSON.stringify(summary(figures), null, 2)}\n`);
  } finally {
    redis.disconnect();
  }
}

try {
  await bench();
} finally {
  await berth("stop").finally(() => berth("platform", "down", "--purge"));
}
