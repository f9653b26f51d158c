import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dockerApi } from "../../components/provider/docker.ts";
import { serviceUrl } from "../../control-plane/cli/api.ts";
import { throughTraefik } from "../../control-plane/cli/through-traefik.ts";
import { dataPaths, projectRoot } from "../../control-plane/paths.ts";
import { readPlatform } from "../../control-plane/platform/outputs.ts";
import { lookAtParts } from "../../control-plane/provisioner/figures/part-figures.ts";
import { provisionerTag } from "../../control-plane/provisioner/processes/identity.ts";
import { taggedProcesses } from "../../control-plane/provisioner/processes/scan.ts";
import { serviceNames } from "../../control-plane/service-names.ts";
import { apiHost } from "../../control-plane/settings.ts";
import { askSupervisor } from "../../control-plane/supervisor/ask.ts";
import { until } from "../../control-plane/until.ts";
import { oneValue, parseSamples, type Sample, valuesOf } from "../support/samples.ts";
import { type Made, openWorld, type World } from "./world.ts";

const exec = promisify(execFile);
let world: World;
let made: Made;
beforeAll(async () => {
  world = await openWorld();
  made = await world.create({ slug: "gauged" });
});
afterAll(() => world.remove("gauged"));

const page = async (url: string) => {
  const answer = await fetch(`${url}/metrics`);
  expect(answer.status, url).toBe(200);
  return parseSamples(await answer.text());
};
const ofServices = () => page(serviceUrl(world.settings, "instance"));
const ofProvisioner = () => page(`http://127.0.0.1:${world.settings.provisionerPort}`);

/** A figure of the tenant's one instance, or of a class of its requests; undefined while it is missing. */
async function own(name: string, more = ""): Promise<number | undefined> {
  const label = `tenant=${made.tenant.id} slug=gauged instance=production${more}`;
  return valuesOf(await ofServices(), name)[label];
}
/** Waits for a figure to become something; two looks and a scrape take half a minute. */
const untilFigure = (name: string, is: (value: number) => boolean, more = "") =>
  until(
    async () => {
      const value = await own(name, more);
      return value !== undefined && is(value) ? { value } : undefined;
    },
    { what: `${name}${more}`, deadlineMs: 60_000, everyMs: 250 },
  );

const ask = (path: string) => throughTraefik(world.settings.httpPort, made.host, path, { timeoutMs: 60_000 });

/** Names in docs/metrics.md, their labels, and the sections that they are in. */
async function documented(): Promise<Map<string, { labels: string[]; sections: string[] }>> {
  const docs = await readFile(join(projectRoot, "docs", "metrics.md"), "utf8");
  const found = new Map<string, { labels: string[]; sections: string[] }>();
  for (const section of docs.split(/^## /m)) {
    for (const line of section.split("\n")) {
      const [, name, labels = ""] = /^\| `(\w+)` \| \w+ \| ([^|]*) \|/.exec(line) ?? [];
      if (!name) continue;
      const names = [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label ?? "");
      const sections = [...(found.get(name)?.sections ?? []), section.split("\n")[0] ?? ""];
      found.set(name, { labels: names, sections });
    }
  }
  return found;
}

test("real load moves a tenant's requests, processor time, memory, connections and sizes", async () => {
  await untilFigure("berth_tenant_up", (value) => value === 1);
  await untilFigure("berth_tenant_files_bytes", (value) => value > 0);
  const before = {
    ok: (await own("berth_tenant_requests_total", " class=2xx")) ?? 0,
    missing: (await own("berth_tenant_requests_total", " class=4xx")) ?? 0,
    cpu: (await own("berth_tenant_cpu_seconds_total")) ?? 0,
    seconds: (await own("berth_tenant_request_seconds_sum")) ?? 0,
    count: (await own("berth_tenant_request_seconds_count")) ?? 0,
  };
  for (let n = 0; n < 20; n++) expect((await ask("/web/login")).status).toBe(200);
  for (let n = 0; n < 3; n++) expect((await ask("/berth/nothing/here")).status).toBe(404);
  const { value } = await untilFigure(
    "berth_tenant_requests_total",
    (count) => count >= before.ok + 20,
    " class=2xx",
  );
  expect(value).toBe(before.ok + 20);
  expect(await own("berth_tenant_requests_total", " class=4xx")).toBe(before.missing + 3);
  expect(await own("berth_tenant_requests_total", " class=5xx")).toBe(0);
  expect(await own("berth_tenant_request_seconds_count")).toBe(before.count + 23);
  expect(await own("berth_tenant_request_seconds_sum")).toBeGreaterThan(before.seconds);
  expect(await own("berth_tenant_cpu_seconds_total")).toBeGreaterThan(before.cpu);
  const memory = (await own("berth_tenant_memory_bytes")) ?? 0;
  expect(memory).toBeGreaterThan(50e6);
  const limit = Number(await world.docker("inspect", "-f", "{{.HostConfig.Memory}}", made.container));
  expect(await own("berth_tenant_memory_limit_bytes")).toBe(limit);
  expect(memory).toBeLessThan(limit);
  expect(await own("berth_tenant_connections")).toBeGreaterThan(0);
  const [size] = await world.sql<{ bytes: number }>(
    "postgres",
    "select pg_database_size($1)::float8 as bytes",
    [made.database],
  );
  const bytes = (await own("berth_tenant_database_bytes")) ?? 0;
  expect(Math.abs(bytes - (size?.bytes ?? 0)) / bytes).toBeLessThan(0.2);
});

test("CPU and memory are what the engine itself says", async () => {
  const stats = JSON.parse(
    await world.docker("stats", "--no-stream", "--format", '{"usage":"{{.MemUsage}}"}', made.container),
  ) as { usage: string };
  const mebibytes = Number(/^([\d.]+)MiB/.exec(stats.usage)?.[1]);
  const { value } = await untilFigure("berth_tenant_memory_bytes", (memory) => memory > 0);
  expect(Math.abs(value / 2 ** 20 - mebibytes) / mebibytes).toBeLessThan(0.25);
});

test("a tenant whose container is stopped is not up, and what its visitors get is counted as 5xx", async () => {
  await world.docker("stop", "-t", "2", made.container);
  try {
    for (let n = 0; n < 4; n++) expect((await ask("/web/login")).status).toBeGreaterThanOrEqual(500);
    await untilFigure("berth_tenant_up", (value) => value === 0);
    await untilFigure("berth_tenant_requests_total", (value) => value >= 4, " class=5xx");
    expect(await own("berth_tenant_cpu_seconds_total")).toBe(0);
    expect(await own("berth_tenant_memory_bytes")).toBe(0);
  } finally {
    await world.docker("start", made.container);
  }
  await untilFigure("berth_tenant_up", (value) => value === 1);
  expect(await own("berth_tenant_requests_total", " class=5xx")).toBe(4);
});

test("the provisioner tells of operations and their steps, of its memory, the state, the parts and backups", async () => {
  const samples = await ofProvisioner();
  const created = "kind=create outcome=succeeded";
  expect(valuesOf(samples, "berth_operations_total")[created]).toBeGreaterThanOrEqual(1);
  expect(valuesOf(samples, "berth_operation_duration_seconds_count")[created]).toBeGreaterThanOrEqual(1);
  const steps = Object.keys(valuesOf(samples, "berth_operation_step_duration_seconds_count"));
  for (const step of [
    "role",
    "database",
    "ownership",
    "files",
    "container",
    "route",
    "wait for the login page",
  ])
    expect(steps).toContain(`kind=create step=${step}`);
  const workers = valuesOf(samples, "berth_workers");
  expect((workers["state=busy"] ?? 0) + (workers["state=idle"] ?? 0)).toBe(world.settings.workers);
  expect(oneValue(samples, "berth_reserve_stacks")).toBeGreaterThan(0);
  expect(oneValue(samples, "berth_state_largest_stack_bytes")).toBeGreaterThan(100);
  expect(oneValue(samples, "berth_state_bytes")).toBeGreaterThan(
    oneValue(samples, "berth_state_largest_stack_bytes"),
  );
  expect(oneValue(samples, "berth_figures_age_seconds")).toBeLessThan(60);
  expect(oneValue(samples, "berth_platform_backup_age_seconds")).toBe(Number.POSITIVE_INFINITY);
  const folder = await mkdtemp(join(tmpdir(), "berth-metrics-"));
  try {
    const env = { ...process.env, ...world.env };
    await exec(join(projectRoot, "bin/berth"), ["platform", "backup", join(folder, "one.tar")], { env });
    const age = oneValue(await ofProvisioner(), "berth_platform_backup_age_seconds");
    expect(age).toBeGreaterThan(0);
    expect(age).toBeLessThan(600);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("work of the clock is counted by how it goes, in the provisioner and in the services", async () => {
  const { env } = world.settings;
  const redis = `berth-${env}-redis`;
  const runs = async (name: string, outcome: string) =>
    valuesOf(await ofProvisioner(), "berth_job_runs_total")[`name=${name} outcome=${outcome}`] ?? -1;
  const more = async (name: string, outcome: string) => {
    const before = await runs(name, outcome);
    await until(async () => (await runs(name, outcome)) > before, {
      what: `"${name}" to be counted as ${outcome}`,
      deadlineMs: 30_000,
      everyMs: 200,
    });
    return before;
  };
  for (const name of ["watch routes", "watch the firewall", "look at tenants", "note outside updates"])
    expect(await more(name, "succeeded"), name).toBeGreaterThanOrEqual(0);
  expect(await runs("watch the firewall", "failed")).toBe(0);
  await world.docker("stop", "-t", "5", redis);
  try {
    expect(await more("watch routes", "failed")).toBeGreaterThanOrEqual(0);
  } finally {
    await world.docker("start", redis);
  }
  await more("watch routes", "succeeded");
  const services = Object.keys(valuesOf(await ofServices(), "berth_job_runs_total"));
  for (const name of ["follow the feed", "forget old sessions of the user service"])
    expect(services).toEqual(expect.arrayContaining([`name=${name} outcome=failed`]));
});

test("the template is told of while it is there, and a tenant that was checked with what was found", async () => {
  const templateAge = async () => oneValue(await ofProvisioner(), "berth_template_age_seconds");
  const age = await templateAge();
  expect(age).toBeGreaterThan(0);
  expect(age).toBeLessThan(7_200);
  const { name } = (await readPlatform(world.settings.dataDir)).template;
  await world.sql("postgres", `alter database ${name} rename to lost_for_a_test`);
  try {
    expect(await templateAge()).toBe(Number.POSITIVE_INFINITY);
  } finally {
    await world.sql("postgres", `alter database lost_for_a_test rename to ${name}`);
  }
  expect(await templateAge()).toBeLessThan(7_200);
  const { operation } = await world.api<{ operation: { id: string } }>(
    "POST",
    "/instance/v1/tenants/gauged/check",
  );
  expect((await world.ended(operation.id)).status).toBe("succeeded");
  expect(await own("berth_tenant_drifted")).toBe(0);
});

test("the provisioner's memory is what ps says of its processes", async () => {
  const socket = dataPaths(world.settings.dataDir).supervisorSocket;
  const running = await askSupervisor(socket, "status");
  const main = running?.children.find(({ name }) => name === "provisioner")?.pid ?? 0;
  const tagged = await taggedProcesses(provisionerTag);
  const its = tagged.filter(({ tag }) => tag.startsWith(`${world.settings.env}/`)).map(({ pid }) => pid);
  const { stdout } = await exec("ps", ["-o", "rss=", "-p", [main, ...its].join(",")]);
  const said = stdout.split("\n").reduce((sum, line) => sum + Number(line) * 1024, 0);
  const memory = valuesOf(await ofProvisioner(), "berth_provisioner_memory_bytes");
  expect(Object.keys(memory)).toEqual(["part=process", "part=workers", "part=plugins"]);
  for (const bytes of Object.values(memory)) expect(bytes).toBeGreaterThan(30e6);
  const sum = Object.values(memory).reduce((all, bytes) => all + bytes, 0);
  expect(Math.abs(sum - said) / said, `${sum} and ${said}`).toBeLessThan(0.2);
});

test("a part of the platform that is away is told of", async () => {
  const { env } = world.settings;
  const redis = `berth-${env}-redis`;
  const up = async () => valuesOf(await ofProvisioner(), "berth_part_up");
  const all = await up();
  expect(Object.keys(all)).toEqual(expect.arrayContaining(["part=postgres", "part=redis", "part=traefik"]));
  expect(new Set(Object.values(all))).toEqual(new Set([1]));
  await world.docker("stop", "-t", "5", redis);
  try {
    expect(await up()).toEqual({ ...all, "part=redis": 0 });
  } finally {
    await world.docker("start", redis);
  }
  expect(await up()).toEqual(all);
  // One that is not there at all, and one whose name only begins the same.
  const docker = dockerApi(process.env.DOCKER_HOST || "unix:///var/run/docker.sock");
  expect(await lookAtParts(docker, env, [redis, `berth-${env}-red`])).toEqual([
    ...[
      { part: "redis", up: true },
      { part: "red", up: false },
    ],
  ]);
});

test("what is told is what the docs say, and no label says who, where or which but for a tenant's", async () => {
  const known = await documented();
  const samples: Array<Sample & { from: RegExp }> = [
    ...(await ofServices()).map((one) => ({ ...one, from: /service|Every process/ })),
    ...(await ofProvisioner()).map((one) => ({ ...one, from: /Provisioner|Every process/ })),
  ];
  const seen = new Set<string>();
  for (const { name, labels, from } of samples) {
    if (/^(process|nodejs)_/.test(name)) continue;
    const histogram = name.replace(/_(bucket|sum|count)$/, "");
    const found = known.get(name) ?? known.get(histogram);
    expect(found, `${name} in docs/metrics.md`).toBeDefined();
    expect(found?.sections.join(), name).toMatch(from);
    seen.add(known.has(name) ? name : histogram);
    const allowed = name.endsWith("_bucket") ? ["le", ...(found?.labels ?? [])] : found?.labels;
    expect(Object.keys(labels).toSorted(), name).toEqual([...(allowed ?? [])].toSorted());
    for (const [label, value] of Object.entries(labels)) {
      if (label === "tenant") continue;
      expect(value, `${name}{${label}}`).not.toMatch(
        /\.(localhost|example)\b|\b(op|ten|usr|org|key)_[a-z0-9]|[0-9a-f]{12}|\d+\.\d+\.\d+\.\d+/,
      );
    }
  }
  expect([...known.keys()].filter((name) => !seen.has(name))).toEqual([]);
});

test("none of it can be had through Traefik", async () => {
  const raw = async (path: string) => {
    const socket = connect(world.settings.httpPort, "127.0.0.1");
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${apiHost(world.settings)}\r\nConnection: close\r\n\r\n`);
    return text(socket);
  };
  expect(await raw("/user/health")).toMatch(/^HTTP\/1.1 200 /);
  const paths = ["/metrics", "//metrics", ...serviceNames.flatMap((name) => ways(name))];
  for (const path of paths) {
    const answer = await raw(path);
    expect(answer, path).toMatch(/^HTTP\/1.1 4\d\d /);
    expect(answer, path).not.toContain("berth_build_info");
  }
});

const ways = (service: string) => [
  `/${service}/metrics`,
  `/${service}/../metrics`,
  `/${service}/%2e%2e/metrics`,
  `/${service}/..%2fmetrics`,
  `/${service}/%2E./metrics`,
];

test("a provisioner that is killed goes on with all figures when it is back", async () => {
  const socket = dataPaths(world.settings.dataDir).supervisorSocket;
  const pidOf = async () =>
    (await askSupervisor(socket, "status"))?.children.find(({ name }) => name === "provisioner")?.pid ?? 0;
  const [before, files] = [await pidOf(), await own("berth_tenant_files_bytes")];
  expect(files).toBeGreaterThan(0);
  const lookedAt = async () => {
    const rows = await world.sql<{ at: Date }>(
      "instance",
      "select max(looked_at) as at from instance_figures",
    );
    return rows[0]?.at?.getTime() ?? 0;
  };
  process.kill(before, "SIGKILL");
  const killedAt = Date.now();
  // Meanwhile there is what was seen last.
  expect(await own("berth_tenant_files_bytes")).toBe(files);
  await until(async () => (await lookedAt()) > killedAt, {
    what: "the next look",
    deadlineMs: 60_000,
    everyMs: 100,
  });
  expect(await pidOf()).not.toBe(before);
  expect(await own("berth_tenant_up")).toBe(1);
  expect(await own("berth_tenant_files_bytes")).toBeGreaterThan(0);
  expect(oneValue(await ofProvisioner(), "berth_figures_age_seconds")).toBeLessThan(30);
});
