import { readFile, writeFile } from "node:fs/promises";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { openMailer } from "../../control-plane/mail/open-mailer.ts";
import { containerNames } from "../../control-plane/platform/applied.ts";
import { bringUp, type PlatformArgs } from "../../control-plane/platform/bring-up.ts";
import { ensureDatabases } from "../../control-plane/platform/databases.ts";
import { ofEnvironment } from "../../control-plane/platform/docker.ts";
import { readPlatform } from "../../control-plane/platform/outputs.ts";
import { toolsEmail } from "../../control-plane/platform/tool-inputs.ts";
import { waitForToolPart } from "../../control-plane/platform/tools-up.ts";
import { portsOf } from "../../control-plane/ports.ts";
import { parseSettings, type Settings } from "../../control-plane/settings.ts";
import { until } from "../../control-plane/until.ts";
import { grafanaLeftOut } from "../../toolchain/setup.ts";
import { commands } from "../support/commands.ts";
import { PgadminVisitor } from "./pgadmin.ts";
import { asAdmin, settings as bare, connect, paths, platformArgs, run } from "./support.ts";

/** The environment of this folder, which was brought up without tools, with all of them. */
let settings: Settings;
let args: PlatformArgs & { told: string[] };
let password: string;

const here = (port: number, path: string, user?: string, secret = password) =>
  fetch(`http://127.0.0.1:${port}${path}`, {
    headers: user ? { authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}` } : {},
  });

/** What a query gives now, as `{labels, value}`. */
async function query(text: string): Promise<Array<{ metric: Record<string, string>; value: number }>> {
  const answer = await here(settings.toolPorts.prometheus, `/api/v1/query?query=${encodeURIComponent(text)}`);
  const { data } = (await answer.json()) as {
    data: { result: Array<{ metric: Record<string, string>; value: [number, string] }> };
  };
  return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
}

const there = async (kind: "container" | "volume") => new Set(await ofEnvironment(run, kind, bare.env));

beforeAll(async () => {
  const given = await platformArgs();
  const wanted = { ...bare, tools: parseSettings({}).tools, scrapeSeconds: 1 };
  const caught = `smtp://127.0.0.1:${wanted.toolPorts.smtp}`;
  args = { ...given, settings: { ...wanted, smtpUrl: caught } };
  await bringUp(args);
  // Grafana is there only where its image can be pulled.
  const { tools } = await readPlatform(bare.dataDir);
  settings = { ...args.settings, tools: wanted.tools.filter((tool) => tool in tools) };
  password = (await readFile(paths.toolsPassword, "utf8")).trim();
}, 300_000);

afterAll(async () => {
  await bringUp({ ...args, settings: bare });
}, 120_000);

test("start alone brings the tools to an environment that had none, and tells of what is left out", async () => {
  const names = await there("container");
  for (const name of containerNames(settings)) expect(names).toContain(name);
  expect(args.told.includes(grafanaLeftOut)).toBe(!settings.tools.includes("grafana"));
  expect(args.told.filter((text) => text.includes("does not answer"))).toEqual([]);
  const told = args.told.length;
  await bringUp(args);
  expect(args.told.slice(told)).toContain("containers and network are there");
});

test("they listen on this machine's own address only", async () => {
  const listening = (await run("ss", ["-Hltn"])).split("\n").map((line) => line.trim().split(/\s+/)[3] ?? "");
  const ports = portsOf(settings).filter(
    ({ part, address }) =>
      address === "127.0.0.1" && containerNames(settings).includes(`berth-${bare.env}-${part}`),
  );
  for (const { port, variable } of ports) {
    const at = listening.filter((address) => address.endsWith(`:${port}`));
    // PostgreSQL is on the tenants' gateway as well.
    expect(at, variable).toContain(`127.0.0.1:${port}`);
    if (variable !== "BERTH_POSTGRES_PORT") expect(at, variable).toEqual([`127.0.0.1:${port}`]);
  }
});

test("no container shows a password in its settings", async () => {
  const secrets = [password];
  for (const login of ["monitor", "pgadmin"] as const)
    secrets.push((await readFile(paths.loginPassword(login), "utf8")).trim());
  secrets.push((await readFile(paths.redisPassword, "utf8")).trim());
  const shown = await run("docker", ["inspect", ...containerNames(settings)]);
  for (const secret of secrets) expect(shown.includes(secret)).toBe(false);
});

test("Prometheus reads all that is there, and the rules are in it", async () => {
  // The control plane is not part of this folder's environment.
  const expected = ["mailpit", "node", "postgres", "prometheus", "redis", "traefik"];
  if (settings.tools.includes("grafana")) expected.push("grafana");
  await until(async () => (await query("up == 1")).length >= expected.length, {
    what: "every part to be read",
    deadlineMs: 30_000,
    everyMs: 200,
  });
  expect((await query("up == 1")).map(({ metric }) => metric.job).sort()).toEqual(expected.sort());
  expect(await query('up{job="services"}')).toMatchObject([{ metric: { service: "all" }, value: 0 }]);
  expect(await query("pg_up")).toMatchObject([{ value: 1 }]);
  expect(await query("redis_up")).toMatchObject([{ value: 1 }]);
  expect(await query('pg_database_size_bytes{datname="instance"} > 0')).toHaveLength(1);
  expect(await query('node_filesystem_avail_bytes{mountpoint="/"} > 0')).toHaveLength(1);
  expect(await query("node_timex_sync_status")).toHaveLength(1);
  // A disk that is mounted later is seen as well.
  const exporter = `berth-${bare.env}-node-exporter`;
  const propagation = ["inspect", "-f", "{{range .Mounts}}{{.Propagation}}{{end}}", exporter];
  expect((await run("docker", propagation)).trim()).toBe("rslave");
  const rules = (await (await here(settings.toolPorts.prometheus, "/api/v1/rules")).json()) as {
    data: { groups: unknown[] };
  };
  expect(rules.data.groups.length).toBeGreaterThan(0);
  for (const [method, path] of [
    ["POST", "/api/v1/admin/tsdb/delete_series?match[]=up"],
    ["POST", "/api/v1/write"],
    ["POST", "/-/quit"],
  ] as const) {
    const answer = await fetch(`http://127.0.0.1:${settings.toolPorts.prometheus}${path}`, { method });
    expect(answer.ok, path).toBe(false);
  }
});

test("of Traefik Prometheus keeps what all share, and nothing of a single tenant's service", async () => {
  const secret = (await readFile(paths.redisPassword, "utf8")).trim();
  const redis = new Redis({ host: "127.0.0.1", port: settings.redisPort, password: secret });
  const name = "figures";
  const keys = {
    [`traefik/http/routers/${name}/rule`]: "Host(`figures.localhost`)",
    [`traefik/http/routers/${name}/service`]: name,
    [`traefik/http/routers/${name}/entryPoints/0`]: "web",
    [`traefik/http/services/${name}/loadBalancer/servers/0/url`]: `http://127.0.0.1:${settings.toolPorts.prometheus}`,
  };
  await redis.mset(keys);
  try {
    const figures = `http://127.0.0.1:${settings.traefikAdminPort}/metrics`;
    const told = await until(
      async () => {
        await run("curl", [
          ...["-s", "-o", "/dev/null", "-H", "Host: figures.localhost"],
          `http://127.0.0.1:${settings.httpPort}/-/ready`,
        ]);
        const text = await (await fetch(figures)).text();
        return text.includes(`service="${name}@redis"`) ? text : undefined;
      },
      { what: "Traefik to count for the service", deadlineMs: 10_000, everyMs: 100 },
    );
    const counted = [...told.matchAll(/^traefik_entrypoint_requests_total\{.*entrypoint="web".*\} (\d+)$/gm)];
    const requests = counted.reduce((sum, [, count]) => sum + Number(count), 0);
    expect(requests).toBeGreaterThan(0);
    await until(
      async () => {
        const [read] = await query('sum(traefik_entrypoint_requests_total{entrypoint="web"})');
        return (read?.value ?? 0) >= requests;
      },
      { what: "Prometheus to have read as much", deadlineMs: 10_000, everyMs: 200 },
    );
    expect(await query('{service=~".+@redis"}')).toEqual([]);
  } finally {
    await redis.del(...Object.keys(keys));
    redis.disconnect();
  }
});

interface Mails {
  messages: Array<{ Subject: string; To: Array<{ Address: string }> }>;
}
const mails = async () =>
  (await (await here(settings.toolPorts.mailpit, "/api/v1/messages", "berth")).json()) as Mails;

test("Mailpit catches what the control plane sends, and shows it to who has the password", async () => {
  const { mailpit } = settings.toolPorts;
  for (const path of ["/", "/api/v1/messages", "/metrics"]) {
    expect((await here(mailpit, path)).status, path).toBe(401);
    expect((await here(mailpit, path, "berth", "guessed")).status, path).toBe(401);
  }
  const mailer = await openMailer(settings);
  await mailer.send({ to: "ann@acme.example", subject: "Caught", text: "Hello", html: "<p>Hello</p>" });
  await mailer.close();
  expect((await mails()).messages).toMatchObject([
    { Subject: "Caught", To: [{ Address: "ann@acme.example" }] },
  ]);
  const page = await (await here(mailpit, "/", "berth")).text();
  const [script = ""] = /\/dist\/app\.js[^"']*/.exec(page) ?? [];
  expect((await here(mailpit, script, "berth")).headers.get("content-type")).toContain("javascript");
});

interface Nodes {
  result?: Array<{ _id: string; label: string }>;
  data?: Array<{ _id: string; label: string }>;
}

test("pgAdmin has the server from the start, opens every database with no password typed, and writes nothing", async () => {
  const tenant = "ten_tools_production";
  await asAdmin(async (client) => {
    await client.query(`create database ${tenant} template template0`);
    await client.query(`revoke all on database ${tenant} from public`);
  });
  try {
    await ensureDatabases(settings);
    const email = toolsEmail(settings);
    expect(await new PgadminVisitor(settings.toolPorts.pgadmin).signIn(email, "guessed-it")).toBe(false);
    const visitor = new PgadminVisitor(settings.toolPorts.pgadmin);
    expect(await visitor.signIn(email, password)).toBe(true);
    const { result: servers = [] } = await visitor.json<Nodes>("GET", "/browser/server/nodes/1/");
    expect(servers.map(({ label }) => label)).toEqual([`${bare.env} 127.0.0.1:${bare.postgresPort}`]);
    const id = servers[0]?._id;
    const { data } = await visitor.json<{ data: { connected: boolean; user: { is_superuser: boolean } } }>(
      "POST",
      `/browser/server/connect/1/${id}`,
    );
    expect(data).toMatchObject({ connected: true, user: { name: "pgadmin", is_superuser: false } });
    const { data: databases = [] } = await visitor.json<Nodes>("GET", `/browser/database/nodes/1/${id}/`);
    expect(databases.map(({ label }) => label)).toEqual(
      expect.arrayContaining(["auth", "instance", "tenant", tenant]),
    );
    const own = databases.find(({ label }) => label === tenant);
    const opened = await visitor.json<{ data: { connected: boolean } }>(
      "POST",
      `/browser/database/connect/1/${id}/${own?._id}`,
    );
    expect(opened.data.connected).toBe(true);
    const client = await connect({ user: "pgadmin", database: tenant });
    await expect(client.query("create temp table mine (id int)")).rejects.toThrow(
      /read-only|permission denied/,
    );
    await client.query("set default_transaction_read_only = off");
    await expect(client.query("create table public.mine (id int)")).rejects.toThrow("permission denied");
    await client.end();
  } finally {
    await asAdmin((client) => client.query(`drop database ${tenant} with (force)`));
  }
});

test("berth restart ends when what it has restarted answers again", async () => {
  const { berth } = commands({ ...inject("platformVariables"), BERTH_TOOLS: settings.tools.join(",") });
  const { pgadmin, prometheus, mailpit, postgresExporter, redisExporter, nodeExporter } = settings.toolPorts;
  for (const [part, port, path] of [
    ["pgadmin", pgadmin, "/misc/ping"],
    ["prometheus", prometheus, "/-/ready"],
    ["mailpit", mailpit, "/readyz"],
    ["postgres-exporter", postgresExporter, "/metrics"],
    ["redis-exporter", redisExporter, "/metrics"],
    ["node-exporter", nodeExporter, "/metrics"],
  ] as const) {
    const name = `berth-${bare.env}-${part}`;
    const startedAt = () => run("docker", ["inspect", "--format", "{{.State.StartedAt}}", name]);
    const before = await startedAt();
    await berth("restart", part);
    const answer = await here(port, path).catch(() => undefined);
    expect(answer?.status, part).toBe(200);
    expect(await startedAt()).not.toBe(before);
  }
});

test("one that does not answer is named after a while, with where to look", async () => {
  const name = `berth-${bare.env}-mailpit`;
  await run("docker", ["stop", name]);
  try {
    await expect(waitForToolPart(settings, "mailpit", 500)).rejects.toThrow(
      `Mailpit does not answer on port ${settings.toolPorts.mailpit}: look at "docker logs ${name}".`,
    );
  } finally {
    await run("docker", ["start", name]);
  }
  await waitForToolPart(settings, "mailpit");
});

test("without tools they are gone, with them they have what they kept, and a new password is the password", async () => {
  await bringUp({ ...args, settings: { ...bare, tools: [] } });
  expect([...(await there("container"))].sort()).toEqual(containerNames({ env: bare.env, tools: [] }).sort());
  const kept = ["prometheus", "mailpit", "pgadmin"].map((part) => `berth-${bare.env}-${part}-data`);
  const volumes = await there("volume");
  for (const name of kept) expect(volumes).toContain(name);
  expect((await readPlatform(bare.dataDir)).tools).toEqual({});
  await expect(here(settings.toolPorts.mailpit, "/readyz")).rejects.toThrow();

  const old = password;
  password = "another-password-of-the-tools";
  await writeFile(paths.toolsPassword, password);
  const told = args.told.length;
  await bringUp(args);
  expect(args.told.slice(told).filter((text) => text.includes("does not answer"))).toEqual([]);
  expect((await mails()).messages).toMatchObject([{ Subject: "Caught" }]);
  expect((await here(settings.toolPorts.mailpit, "/", "berth", old)).status).toBe(401);
  const visitor = () => new PgadminVisitor(settings.toolPorts.pgadmin);
  expect(await visitor().signIn(toolsEmail(settings), old)).toBe(false);
  expect(await visitor().signIn(toolsEmail(settings), password)).toBe(true);
  expect((await query("count_over_time(up[10m])")).length).toBeGreaterThan(0);
});
