import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createWebServer, type ServerResponse } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import type { Bench } from "../../control-plane/doctor/bench.ts";
import { clock } from "../../control-plane/doctor/checks/clock.ts";
import { engine } from "../../control-plane/doctor/checks/engine.ts";
import { kernel } from "../../control-plane/doctor/checks/kernel.ts";
import { locks } from "../../control-plane/doctor/checks/locks.ts";
import { memory } from "../../control-plane/doctor/checks/memory.ts";
import { modes } from "../../control-plane/doctor/checks/modes.ts";
import { judgeNode } from "../../control-plane/doctor/checks/node.ts";
import { packages } from "../../control-plane/doctor/checks/packages.ts";
import { parts } from "../../control-plane/doctor/checks/parts.ts";
import { ports } from "../../control-plane/doctor/checks/ports.ts";
import { examine, isWrong } from "../../control-plane/doctor/examine.ts";
import type { Check, Finding, Verdict } from "../../control-plane/doctor/finding.ts";
import { containerParts } from "../../control-plane/part-names.ts";
import { dataPaths } from "../../control-plane/paths.ts";
import { takeLock } from "../../control-plane/platform/lock.ts";
import { createRun, type Run } from "../../control-plane/platform/run.ts";
import { parseSettings } from "../../control-plane/settings.ts";
import { SilentSupervisor } from "../../control-plane/supervisor/silent.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-doctor-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A machine with nothing up, but for what a test says. */
function bench(more: Partial<Bench> = {}, variables: Record<string, string> = {}): Bench {
  return {
    settings: parseSettings({ BERTH_ENV: "t-doctor", BERTH_DATA_DIR: folder, ...variables }),
    env: {},
    run: createRun(process.env),
    root: folder,
    proc: folder,
    engine: { away: "it is left alone by this test" },
    platform: undefined,
    isDown: false,
    parts: [],
    supervisor: undefined,
    silent: undefined,
    rows: () => Promise.reject(new Error("There is no database here.")),
    ...more,
  };
}

function put(name: string, text: string): string {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

/** What is wrong, each with all that a person needs. */
function findings(verdict: Verdict): Finding[] {
  if (!Array.isArray(verdict)) throw new Error(`Nothing was found: ${JSON.stringify(verdict)}`);
  expect(verdict.length).toBeGreaterThan(0);
  for (const { what, why, mend } of verdict) {
    expect(what).toMatch(/[.:]/);
    expect(why).toMatch(/\.$/);
    expect(mend).not.toBe("");
  }
  return verdict;
}
const well = (verdict: Verdict) => expect(verdict).toHaveProperty("well");

test("a port that another program holds is told, with whom and what to set", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  // Every other one where neither usual programs nor other tests are, nor what the system gives to outgoing connections.
  const variables = { BERTH_PORT_OFFSET: "10500", BERTH_API_PORT: `${port}` };
  try {
    const [found] = findings(await ports.look(bench({}, variables)));
    expect(found).toMatchObject({ status: "wrong" });
    expect(found?.what).toContain(`Port ${port} is taken by`);
    expect(found?.what).toContain(`(process ${process.pid}), and services needs it`);
    expect(found?.mend).toContain("BERTH_API_PORT");
    // It is no fault where the holder is the part itself.
    const child = {
      name: "services",
      pid: process.pid,
      startedAt: "",
      restarts: 0,
      lastExit: undefined,
      code: "",
    };
    const supervisor = { pid: 1, settings: "", code: "", watches: false, children: [child] };
    well(await ports.look(bench({ supervisor }, variables)));
    well(await ports.look(bench({ silent: new SilentSupervisor(1) }, variables)));
  } finally {
    server.close();
  }
});

test("an engine that does not answer, and one that is too old", async () => {
  const [away] = findings(await engine.look(bench({ engine: { away: "no answer within 10 s" } })));
  expect(away?.what).toBe("The Docker engine does not answer: no answer within 10 s.");
  expect(away?.mend).toMatch(/bin\/setup|systemctl start docker/);
  expect(findings(await engine.look(bench({ engine: { version: "19.03.8" } })))).toHaveLength(1);
  well(await engine.look(bench({ engine: { version: "20.10.24+dfsg1" } })));
  well(await engine.look(bench({ engine: { version: "29.0.1" } })));
});

test("memory that is low, and that is nearly gone", async () => {
  const at = async (mb: number) => {
    put("meminfo", `MemTotal: 9 kB\nMemAvailable:   ${mb * 1024} kB\n`);
    return memory.look(bench());
  };
  expect(findings(await at(100))[0]?.status).toBe("wrong");
  expect(findings(await at(800))[0]?.status).toBe("warning");
  well(await at(4_000));
});

test("a kernel that forwards nothing or has no watches left", async () => {
  const put3 = (forward: string, watches: string, instances: string) => {
    put("sys/net/ipv4/ip_forward", forward);
    put("sys/fs/inotify/max_user_watches", watches);
    put("sys/fs/inotify/max_user_instances", instances);
  };
  put3("0\n", "100\n", "8\n");
  const running = { engine: { version: "20.10.24" } };
  expect(findings(await kernel.look(bench(running))).map(({ status }) => status)).toEqual([
    ...["wrong", "warning", "warning"],
  ]);
  // Without an engine nobody needs it yet: that turns it on.
  expect(findings(await kernel.look(bench()))).toHaveLength(2);
  put3("1\n", "65536\n", "128\n");
  well(await kernel.look(bench(running)));
});

test("a Node that is too old, too new, or not the one of the tests", async () => {
  expect(findings(await judgeNode("v22.18.0", "24.21.0"))[0]?.status).toBe("wrong");
  expect(findings(await judgeNode("v24.9.0", "24.21.0"))[0]?.status).toBe("wrong");
  expect(findings(await judgeNode("v26.0.0", "24.21.0"))[0]?.status).toBe("wrong");
  expect(findings(await judgeNode("v24.22.0", "24.21.0"))[0]?.status).toBe("warning");
  well(await judgeNode("v24.21.0", "24.21.0"));
});

test("packages that are not those of the lock file", async () => {
  const lock = (version: string) => JSON.stringify({ packages: { "node_modules/a": { version } } });
  put("package-lock.json", lock("1.0.0"));
  put("node_modules/.package-lock.json", lock("0.9.0"));
  expect(findings(await packages.look(bench()))[0]).toMatchObject({ status: "wrong", mend: "bin/setup" });
  expect(findings(await packages.look(bench()))[0]?.what).toContain("node_modules/a is 0.9.0, not 1.0.0");
  put("node_modules/.package-lock.json", lock("1.0.0"));
  well(await packages.look(bench()));
});

test("locks that dead processes have left, and none of the living", async () => {
  well(await locks.look(bench()));
  const { pid: dead } = spawnSync("true");
  const lock = (pid: number) =>
    JSON.stringify({ pid, username: "root", hostname: hostname(), timestamp: new Date().toISOString() });
  put("platform-state/.pulumi/locks/organization/berth-platform/x/a.json", lock(dead));
  put("platform-state/.pulumi/locks/organization/berth-platform/x/b.json", lock(process.pid));
  put("platform-state/.pulumi/locks/organization/berth-platform/x/c.json", "half a fi");
  put("run/supervisor.sock", "");
  const found = findings(await locks.look(bench()));
  expect(found.map(({ mend }) => mend.split(",")[0])).toEqual(["bin/berth start", "bin/berth platform up"]);
  expect(found[1]?.what).toContain(`process ${dead}`);
  // Nobody who begins another one would get further than the one that is there and hangs.
  const [hangs] = findings(await locks.look(bench({ silent: new SilentSupervisor(process.pid) })));
  expect(hangs?.what).toBe(`The supervisor (process ${process.pid}) hangs: it does not answer.`);
  expect(hangs?.mend).toBe(`End it: kill -KILL ${process.pid}, then bin/berth start`);
});

test("who holds the platform's lock is named as what others wait for", async () => {
  const lock = await takeLock("platform", folder);
  try {
    const [found] = findings(await locks.look(bench({ proc: "/proc" })));
    expect(found).toMatchObject({ status: "warning" });
    expect(found?.what).toContain("works on this platform right now");
  } finally {
    await lock?.release();
  }
  well(await locks.look(bench({ proc: "/proc" })));
});

test("a tool that is away is a warning, and a part that customers need is wrong", async () => {
  const running = containerParts(bench().settings).map((part) => ({
    ...{ part, container: `berth-t-doctor-${part}`, id: "x", state: "running", health: "" },
  }));
  const at = (part: string, health: string, state = "running") =>
    parts.look(
      bench({
        engine: { version: "20.10.24" },
        parts: running.map((one) => (one.part === part ? { ...one, health, state } : one)),
      }),
    );
  well(await at("none", ""));
  for (const tool of ["pgadmin", "redis-exporter", "mailpit"] as const) {
    const [found] = findings(await at(tool, "", "exited"));
    expect(found).toMatchObject({
      status: "warning",
      what: `${tool} does not run: its container is exited.`,
    });
    expect(found?.why).toContain("no customer notices");
    expect(found?.mend).toContain(`bin/berth restart ${tool}`);
  }
  expect(findings(await at("pgadmin", "unhealthy"))[0]?.status).toBe("warning");
  expect(findings(await at("redis", "unhealthy"))[0]?.status).toBe("wrong");
  expect(findings(await at("postgres", "", "exited"))[0]?.why).toContain("do not work without it");
});

test("secrets that others may read", async () => {
  expect(await modes.look(bench({}, { BERTH_DATA_DIR: join(folder, "none") }))).toHaveProperty("unknown");
  const { secrets, platform } = dataPaths(folder);
  const file = put("secrets/key", "x");
  const conf = put("platform/redis.conf", "x");
  const tool = put("platform/redis-exporter.json", "x");
  for (const path of [secrets, platform, folder]) chmodSync(path, 0o700);
  well(await modes.look(bench()));
  chmodSync(file, 0o640);
  for (const path of [conf, tool]) chmodSync(path, 0o604);
  const found = findings(await modes.look(bench()));
  expect(found.map(({ mend }) => mend).toSorted()).toEqual(
    [file, conf, tool].map((path) => `chmod go-rwx ${path}`).toSorted(),
  );
  expect(found[0]?.what).toContain("(mode 640)");
});

/** A web server of a test, until that ends. */
async function web(answer: (response: ServerResponse) => void): Promise<{ url: string; port: number }> {
  const server = createWebServer((_request, response) => {
    answer(response);
    response.end();
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port };
}
/** A machine on which timedatectl says this, or is not there. */
const systemd =
  (says?: string): Run =>
  async (command) => {
    if (command !== "timedatectl" || says === undefined) throw new Error("no such program");
    return `${says}\n`;
  };
const noTools = { BERTH_TOOLS: "none" };

test("a clock that is off, told by where people come from", async () => {
  let off = 60_000;
  const { url } = await web((response) =>
    response.setHeader("date", new Date(Date.now() + off).toUTCString()),
  );
  const look = () => clock.look(bench({ run: systemd() }, { ...noTools, SUPABASE_URL: url }));
  const [behind] = findings(await look());
  expect(behind).toMatchObject({ status: "wrong" });
  expect(behind?.what).toMatch(/clock is (59|60|61)\.\d s behind the one of http/);
  off = -5_000;
  expect(findings(await look())[0]).toMatchObject({ status: "warning" });
  // One of this machine would agree with it however wrong both are.
  off = 0;
  expect(await look()).toHaveProperty("unknown");
});

test("a clock that agrees with one of another machine is well, and its own parts prove nothing", async () => {
  const rows = async <Row>() => [{ ms: Date.now() }] as Row[];
  const platform = {} as Bench["platform"];
  const parts: Bench["parts"] = [
    { part: "postgres", container: "x", id: "x", state: "running", health: "healthy" },
  ];
  const up = { platform, rows, parts, run: systemd() };
  expect(await clock.look(bench(up, noTools))).toEqual({
    unknown: "there is no clock but this machine's own, and nothing here tells whether that is set",
  });
  const elsewhere = { ...noTools, BERTH_PLATFORM_DATABASE_URL: "postgres://u@192.0.2.1:5432/postgres" };
  expect(await clock.look(bench(up, elsewhere))).toEqual({ well: "within 2 s of PostgreSQL" });
});

test("a clock that nothing sets is told by the kernel, whoever asks it", async () => {
  well(await clock.look(bench({ run: systemd("yes") }, noTools)));
  const [alone] = findings(await clock.look(bench({ run: systemd("no") }, noTools)));
  expect(alone).toMatchObject({ status: "warning" });
  expect(alone?.what).toContain("Nothing sets this machine's clock");
  let status = 1;
  const { port } = await web((response) =>
    response.write(`# TYPE node_timex_sync_status gauge\nnode_timex_sync_status ${status}\n`),
  );
  const look = () =>
    clock.look(bench({ run: systemd() }, { BERTH_TOOLS: "prometheus", BERTH_NODE_EXPORTER_PORT: `${port}` }));
  well(await look());
  status = 0;
  expect(findings(await look())[0]?.status).toBe("warning");
});

test("a check that cannot be made is something wrong, and only what is wrong makes it end so", async () => {
  const check = (verdict: Verdict | Error): Check => ({
    name: "x",
    look: async () => {
      if (verdict instanceof Error) throw verdict;
      return verdict;
    },
  });
  const broken = await examine(bench(), [check(new Error("no permission"))]);
  expect(isWrong(broken)).toBe(true);
  expect(findings(broken[0]?.verdict ?? [])[0]?.what).toContain("no permission");
  const warning = { status: "warning" as const, what: "a.", why: "b.", mend: "c" };
  expect(
    isWrong(await examine(bench(), [check([warning]), check({ well: "" }), check({ unknown: "" })])),
  ).toBe(false);
  expect(isWrong(await examine(bench(), [check([warning, { ...warning, status: "wrong" }])]))).toBe(true);
});
