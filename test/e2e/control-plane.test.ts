import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { serviceUrl } from "../../control-plane/cli/api.ts";
import { dataPaths, projectRoot } from "../../control-plane/paths.ts";
import { type ServiceName, serviceNames } from "../../control-plane/service-names.ts";
import { askSupervisor } from "../../control-plane/supervisor/ask.ts";
import { until } from "../../control-plane/until.ts";
import { openWorld, type World } from "./world.ts";

const exec = promisify(execFile);
let world: World;
beforeAll(async () => {
  world = await openWorld();
});

const berth = async (...args: string[]) => {
  const env = { ...process.env, ...world.env };
  return (await exec(join(projectRoot, "bin/berth"), args, { env, maxBuffer: 64 << 20 })).stdout;
};

/** Supervisors of this environment, as the machine's list of processes has them. */
async function supervisors(): Promise<number[]> {
  const found = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const ours = await Promise.all(
    found.map(async (pid) => {
      const read = (file: string) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
      const [command, env] = await Promise.all([read("cmdline"), read("environ")]);
      const words = command.split("\0");
      return words.includes("supervise") && env.includes(`BERTH_DATA_DIR=${world.settings.dataDir}\0`);
    }),
  );
  return found.filter((_, i) => ours[i]);
}

const status = async (service: ServiceName) => {
  const url = `${serviceUrl(world.settings, service)}/${service}/health`;
  const answer = await fetch(url).catch(() => undefined);
  return answer ? ((await answer.json()) as { status: string }).status : "away";
};

test("of two starts at once both find the control plane up, under one supervisor", async () => {
  await berth("stop");
  expect(await supervisors()).toEqual([]);
  const said = await Promise.all([berth("start"), berth("start"), berth("start")]);
  for (const text of said) expect(text).toContain("answers at");
  const running = await askSupervisor(dataPaths(world.settings.dataDir).supervisorSocket, "status");
  expect(await supervisors()).toEqual([running?.pid]);
  expect(running?.children.map(({ restarts }) => restarts)).toEqual(
    world.settings.services === "apart" ? [0, 0, 0, 0] : [0, 0],
  );
});

test("each service tells its figures on its own port, and the provisioner on its", async () => {
  const tells = async (url: string) => {
    const figures = await (await fetch(`${url}/metrics`)).text();
    expect(figures).toMatch(/^berth_build_info\{version="[^"]+"\} 1$/m);
    return figures;
  };
  const own = { tenant: /^berth_outbox_depth 0$/m, instance: /^berth_queue_depth \d+$/m };
  for (const service of serviceNames) {
    const figures = await tells(serviceUrl(world.settings, service));
    expect(figures).toMatch(new RegExp(`^berth_http_errors_total\\{service="${service}"\\} \\d+$`, "m"));
    const isWhole = world.settings.services === "together";
    for (const [name, figure] of Object.entries(own))
      expect(figure.test(figures), `${name}'s at ${service}`).toBe(isWhole || name === service);
  }
  const provisioner = `http://127.0.0.1:${world.settings.provisionerPort}`;
  expect(await tells(provisioner)).toMatch(/^berth_workers\{state="idle"\} \d+$/m);
  expect(await (await fetch(`${provisioner}/health`)).json()).toEqual({
    ...{ service: "provisioner", status: "ok" },
  });
});

test("a port that somebody else has is named before anything is started", async () => {
  await berth("stop");
  const { provisionerPort: port } = world.settings;
  const other = createServer().listen(port, "127.0.0.1");
  await once(other, "listening");
  try {
    await expect(berth("start")).rejects.toThrow(
      new RegExp(`Port ${port} is taken by .*: end it, or set BERTH_PROVISIONER_PORT to a free port`),
    );
    expect(await supervisors()).toEqual([]);
  } finally {
    await new Promise((resolve) => other.close(resolve));
    await berth("start");
  }
});

test("begun while PostgreSQL is stopped, the control plane becomes well once it is there", async () => {
  const postgres = `berth-${world.settings.env}-postgres`;
  await berth("stop");
  await world.docker("stop", "-t", "5", postgres);
  try {
    // What `berth start` begins, without the platform that it would bring up first.
    const env = { ...process.env, ...world.env };
    const begun = spawn(join(projectRoot, "bin/berth"), ["supervise"], {
      env,
      detached: true,
      stdio: "ignore",
    });
    begun.unref();
    await until(async () => (await status("tenant")) === "degraded", {
      what: "the services to say that they are not well",
      deadlineMs: 30_000,
      everyMs: 100,
    });
  } finally {
    await world.docker("start", postgres);
  }
  const all = async () => Promise.all(serviceNames.map(status));
  await until(async () => (await all()).every((one) => one === "ok"), {
    what: "all services to be well",
    deadlineMs: 60_000,
    everyMs: 200,
  });
  const made = await world.create({ slug: "afterwards" });
  expect(made.operation.status).toBe("succeeded");
  await world.remove("afterwards");
});

test("the demo makes its tenant once; run again it only checks, says so, and takes seconds", async () => {
  const first = await berth("demo");
  expect(first).toMatch(/create the tenant/);
  expect(first).toMatch(/^ +\d+\.\d\d s {2}create the tenant$/m);
  expect(first).toMatch(/^ +\d+\.\d\d s {2}log in by JSON-RPC$/m);
  expect(first).toMatch(/^ +http:\/\/demo\.localhost(:\d+)?$/m);
  expect(first).toMatch(/^ +login +admin@demo\.example$/m);
  try {
    const operations = async () =>
      (await world.api<{ items: unknown[] }>("GET", "/instance/v1/operations?tenant=demo")).items.length;
    const before = await operations();
    const from = performance.now();
    const again = await berth("demo");
    expect(performance.now() - from).toBeLessThan(15_000);
    expect(again).toContain('The tenant "demo" is already there (ready); it is only checked.');
    expect(again).toMatch(/log in by JSON-RPC/);
    expect(again).not.toMatch(/create the tenant/);
    expect(await operations()).toBe(before);
  } finally {
    await world.remove("demo");
  }
});
