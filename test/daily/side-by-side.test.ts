import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { throughTraefik } from "../../control-plane/cli/through-traefik.ts";
import { portsOf, portVariables } from "../../control-plane/ports.ts";
import { parseSettings } from "../../control-plane/settings.ts";
import { until } from "../../control-plane/until.ts";
import { type Made, openWorld, type World } from "../e2e/world.ts";
import { mustBerth, provisionerTakesWork, settings, tree, variables } from "./support.ts";
import { ended } from "./tree.ts";

let world: World;
let made: Made;
const second = `two${process.pid % 100_000}`;
let other: Record<string, string> = {};
/** What is set in a shell where somebody says only which environment they mean. */
const onlyNamed: Record<string, string> = { ...variables, BERTH_ENV: second };
const berthIn = (env: Record<string, string>, ...args: string[]) =>
  ended("bin/berth", args, { cwd: tree, env: { ...process.env, ...env } });

beforeAll(async () => {
  world = await openWorld();
  await mustBerth("up");
  await provisionerTakesWork();
  made = await world.create({ slug: "first" });
  onlyNamed.BERTH_DATA_DIR = await mkdtemp(join(tmpdir(), "berth-second-"));
});
afterAll(async () => {
  if (Object.keys(other).length > 0) {
    await berthIn(other, "stop");
    await berthIn(other, "platform", "down", "--purge");
  }
  await rm(onlyNamed.BERTH_DATA_DIR as string, { recursive: true, force: true });
  await world.remove("first");
});

test("who names only another environment is told what is taken, and given a line that makes it work", async () => {
  const refused = await berthIn(onlyNamed, "up");
  expect(refused.code).toBe(1);
  expect(refused.err).toMatch(new RegExp(`Port ${settings.postgresPort} is taken by .+BERTH_POSTGRES_PORT`));
  expect(refused.err).toContain(`The subnet ${settings.tenantSubnet} overlaps`);
  const unset = /unset (.+)/.exec(refused.err)?.[1]?.split(" ") ?? [];
  expect(unset.toSorted()).toEqual(portVariables.toSorted());
  const exported = /export (BERTH_.+)/.exec(refused.err)?.[1]?.split(" ") ?? [];
  expect(exported.map((one) => one.split("=")[0])).toEqual([
    "BERTH_ENV",
    "BERTH_PORT_OFFSET",
    "BERTH_TENANT_SUBNET",
  ]);
  const { BERTH_DATA_DIR, BERTH_TOOLS } = onlyNamed as { BERTH_DATA_DIR: string; BERTH_TOOLS: string };
  other = {
    BERTH_DATA_DIR,
    BERTH_TOOLS,
    ...{ BERTH_WORKERS: "1", BERTH_RESERVE: "1", BERTH_ENGINES_AHEAD: "0" },
    ...Object.fromEntries(exported.map((one) => one.split("=") as [string, string])),
  };
  const up = await berthIn(other, "up");
  expect(up.code, up.out + up.err).toBe(0);
});

/** All that an environment has on this machine. */
async function inventory(env: Record<string, string>): Promise<Record<string, string[]>> {
  const its = parseSettings(env);
  const filter = ["--filter", `label=berth.env=${its.env}`];
  const list = async (...args: string[]) =>
    (await world.docker(...args)).split("\n").filter((line) => line !== "");
  const rules = (await ended("iptables-save", [], {})).out
    .split("\n")
    .filter((rule) => rule.includes(`-${its.env}-`));
  const files = await readdir(its.dataDir, { recursive: true });
  return {
    containers: await list("ps", "--all", ...filter, "--format", "{{.ID}}"),
    networks: await list("network", "ls", ...filter, "--format", "{{.ID}}"),
    volumes: await list("volume", "ls", ...filter, "--format", "{{.Name}}"),
    images: [],
    ports: portsOf(its).map(({ port }) => `${port}`),
    subnets: [its.tenantSubnet],
    chains: rules,
    files: [its.dataDir, ...files.map((name) => join(its.dataDir, name))],
    processes: await processesOf(its.env, its.dataDir),
  };
}

/** Those that know the environment's name, or its data folder. */
async function processesOf(env: string, dataDir: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const variables = (await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "")).split("\0");
      const isIts = variables.includes(`BERTH_ENV=${env}`) || variables.includes(`BERTH_DATA_DIR=${dataDir}`);
      return isIts ? [pid] : [];
    }),
  );
  return found.flat();
}

test("two environments side by side share nothing", async () => {
  const [one, two] = [await inventory(variables), await inventory(other)];
  for (const kind of Object.keys(one)) {
    if (kind === "images") continue;
    const [mine, theirs] = [one[kind] ?? [], two[kind] ?? []];
    expect(mine.length, `${kind} of the first`).toBeGreaterThan(0);
    expect(theirs.length, `${kind} of the second`).toBeGreaterThan(0);
    expect(
      mine.filter((what) => theirs.includes(what)),
      kind,
    ).toEqual([]);
  }
  expect(one.processes?.length).toBeGreaterThan(2);
  // The same address, asked of the other: it is not known there.
  const there = await throughTraefik(parseSettings(other).httpPort, made.host, "/web/login");
  expect(there.status).toBe(404);
  const [key, password] = await Promise.all(
    ["key", "postgres-password"].map((name) =>
      readFile(join(other.BERTH_DATA_DIR as string, "secrets", name), "utf8"),
    ),
  );
  expect(key).not.toBe(await readFile(join(settings.dataDir, "secrets", "key"), "utf8"));
  expect(password).not.toBe(await readFile(join(settings.dataDir, "secrets", "postgres-password"), "utf8"));
});

test("the one is taken away whole, and the other does not notice", async () => {
  const before = await inventory(variables);
  for (const args of [["stop"], ["platform", "down", "--purge"]]) {
    const { code, err } = await berthIn(other, ...args);
    expect(code, err).toBe(0);
  }
  const { containers, networks, volumes, chains, processes } = await inventory({
    ...other,
    BERTH_DATA_DIR: settings.dataDir,
  });
  expect({ containers, networks, volumes, chains }).toEqual({
    containers: [],
    networks: [],
    volumes: [],
    chains: [],
  });
  expect(processes).toEqual(before.processes);
  const { files: _, processes: mine, ...after } = await inventory(variables);
  const { files: __, processes: minesBefore, ...wanted } = before;
  expect(after).toEqual(wanted);
  expect(minesBefore?.length).toBeGreaterThan(2);
  expect(mine?.length).toBeGreaterThan(2);
  await until(async () => (await throughTraefik(settings.httpPort, made.host, "/web/login")).status === 200, {
    ...{ what: "the first one's tenant", deadlineMs: 30_000, everyMs: 200 },
  });
});
