import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Made, openWorld, type World } from "../e2e/world.ts";
import { berth, mustBerth, paths, settings, tree, variables } from "./support.ts";
import { ended } from "./tree.ts";

let world: World;
let made: Made;
beforeAll(async () => {
  world = await openWorld();
  made = await world.create({ slug: "logged" });
});
afterAll(() => world.remove("logged"));

interface Line {
  time: string;
  level: string;
  part: string;
  service?: string;
  msg: string;
  operationId?: string;
  requestId?: string;
}
const parse = (text: string) =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);

describe("logs", () => {
  test("are one stream of all parts, by time", async () => {
    const lines = parse(await mustBerth("logs"));
    const parts = new Set(lines.map(({ part }) => part));
    for (const part of ["services", "provisioner", "supervisor", "postgres", "redis", "traefik"])
      expect(parts, part).toContain(part);
    const times = lines.map(({ time }) => Date.parse(time));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test("of one operation are what every process did for it, and nothing else", async () => {
    const lines = parse(await mustBerth("logs", "--operation", made.operation.id));
    expect(new Set(lines.map(({ part }) => part))).toEqual(new Set(["services", "provisioner"]));
    expect(lines.every((line) => JSON.stringify(line).includes(made.operation.id))).toBe(true);
    const requestId = lines.find((line) => line.requestId)?.requestId ?? "none";
    const ofRequest = parse(await mustBerth("logs", "--request", requestId));
    expect(ofRequest.map(({ service }) => service)).toContain("tenant");
    expect(ofRequest.every((line) => JSON.stringify(line).includes(requestId))).toBe(true);
  });

  test("of a tenant, by its slug or its id, have what its Odoo writes", async () => {
    const bySlug = parse(await mustBerth("logs", "--tenant", "logged"));
    const byId = parse(await mustBerth("logs", "--tenant", made.tenant.id));
    expect(bySlug.map(({ msg }) => msg)).toEqual(
      expect.arrayContaining(byId.slice(0, 5).map(({ msg }) => msg)),
    );
    const parts = new Set(byId.map(({ part }) => part));
    expect(parts).toContain(`${made.tenant.id}-production`);
    expect(parts).toContain("provisioner");
    const nobody = await berth(["logs", "--tenant", "nobody"]);
    expect(nobody).toMatchObject({ code: 1 });
    expect(nobody.err).toContain('There is no tenant "nobody". bin/berth stacks lists them.');
  });

  test("of one service where three share a process leave out the others'", async () => {
    const lines = parse(await mustBerth("logs", "tenant-service"));
    const services = new Set(lines.map(({ service }) => service));
    expect(services).toContain("tenant");
    expect(services).not.toContain("user");
    expect(services).not.toContain("instance");
  });

  test("by level are this and worse, and since a moment no older ones", async () => {
    const worse = parse(await mustBerth("logs", "--since", "1d", "--level", "warn"));
    expect(worse.every(({ level }) => ["warn", "error", "fatal"].includes(level))).toBe(true);
    const now = new Date();
    await fetch(`http://127.0.0.1:${settings.apiPort}/tenant/v1/tenants`);
    const lines = parse(await mustBerth("logs", "--since", now.toISOString()));
    expect(lines.every(({ time }) => Date.parse(time) >= now.getTime())).toBe(true);
  });

  test("that are followed have what is written now, and end well by ctrl-C", async () => {
    const child = spawn(join(tree, "bin/berth"), ["logs", "--follow", "--since", "1s", "user-service"], {
      cwd: tree,
      env: { ...process.env, ...variables },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const id = `daily-${process.pid}-follow`;
    const lines = createInterface({ input: child.stdout });
    const seen = (async () => {
      for await (const text of lines) if ((JSON.parse(text) as Line).requestId === id) return true;
      return false;
    })();
    const asking = setInterval(() => {
      fetch(`http://127.0.0.1:${settings.apiPort}/user/v1/sessions/current`, {
        headers: { "x-request-id": id },
      }).catch(() => undefined);
    }, 300);
    try {
      expect(await seen).toBe(true);
    } finally {
      clearInterval(asking);
    }
    const end = once(child, "close");
    child.kill("SIGINT");
    expect(await end).toEqual([0, null]);
  });

  test("are readable on a terminal", async () => {
    const { out } = await ended(
      "script",
      ["--quiet", "--command", "bin/berth logs --level info provisioner", "/dev/null"],
      { cwd: tree, env: { ...process.env, ...variables, NO_COLOR: "1" } },
    );
    expect(out).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}provisioner +the provisioner takes work/m);
  });
});

describe("a shell", () => {
  const through = (part: string, input: string) => berth(["shell", part], {}, input);

  test("is psql as the superuser, redis-cli with its password, each from a pipe", async () => {
    const postgres = await through("postgres", "select current_user || '/' || current_setting('port') as me");
    expect(postgres).toMatchObject({ code: 0 });
    expect(postgres.out).toContain(`postgres/${settings.postgresPort}`);
    const redis = await through("redis", "ping\n");
    expect(redis).toMatchObject({ code: 0, out: "PONG\n" });
    // What fails inside fails outside.
    expect((await berth(["shell", "postgres"], {}, "\\set ON_ERROR_STOP on\nselect nothing;")).code).not.toBe(
      0,
    );
  });

  test("of a service is its own database, as itself; it says why", async () => {
    for (const [part, login, database] of [
      ["user-service", "auth_run", "auth"],
      ["tenant-service", "tenant_run", "tenant"],
      ["instance-service", "instance_run", "instance"],
      ["provisioner", "instance_run", "instance"],
    ] as const) {
      const { code, out, err } = await through(part, "select current_user || ' in ' || current_database();");
      expect(code, part).toBe(0);
      expect(out).toContain(`${login} in ${database}`);
      expect(err).toContain("has no shell of its own");
    }
  });

  test("in a container that has none is refused in a sentence, and needs a name", async () => {
    const traefik = await through("traefik", "echo inside");
    if (traefik.code === 0) expect(traefik.out).toContain("inside");
    else expect(traefik.err).toContain('The image of "traefik" has no shell. See its log');
    expect((await through("grafana", "")).err).toContain(
      '"grafana" is not part of this environment: BERTH_TOOLS leaves grafana out.',
    );
    expect((await berth(["shell"])).err).toContain("Say which part to open a shell in: user-service,");
  });

  test("has no password among its arguments", async () => {
    const child = spawn(join(tree, "bin/berth"), ["shell", "redis"], {
      cwd: tree,
      env: { ...process.env, ...variables },
      stdio: ["pipe", "pipe", "ignore"],
    });
    child.stdin.write("ping\n");
    await once(child.stdout, "data");
    const password = (await readFile(paths.redisPassword, "utf8")).trim();
    const { out } = await ended("ps", ["-eo", "args", "ww"], { env: process.env });
    child.stdin.end();
    await once(child, "close");
    expect(out).toContain("redis-cli");
    expect(out).not.toContain(password);
  });
});
