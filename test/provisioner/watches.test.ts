import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { route } from "../../components/provider/route/resource.ts";
import { readLogin } from "../../control-plane/login.ts";
import { createMetrics } from "../../control-plane/observability/metrics.ts";
import { checkFirewall } from "../../control-plane/platform/firewall/check.ts";
import { firewallPlan } from "../../control-plane/platform/firewall/plan.ts";
import { removeFirewall } from "../../control-plane/platform/firewall/remove.ts";
import { watchFirewall } from "../../control-plane/provisioner/watch/firewall.ts";
import { epochKey, restoreIfLost } from "../../control-plane/provisioner/watch/routes.ts";
import { databaseUrl } from "../../control-plane/pulumi-env.ts";
import { until } from "../../control-plane/until.ts";
import {
  asLogin,
  found,
  keptLog,
  log,
  nothing,
  openRecord,
  paths,
  provisioner,
  run,
  settings,
  type TestRecord,
} from "./support.ts";

const tenant = "ten_watchedwatchedwa";
let record: TestRecord;
let redis: Redis;
const server = { url: `redis://127.0.0.1:${settings.redisPort}`, passwordFile: paths.redisPassword };

beforeAll(async () => {
  record = await openRecord();
  redis = new Redis({
    port: settings.redisPort,
    password: (await readFile(paths.redisPassword, "utf8")).trim(),
  });
  await asLogin("router", "instance", (client) =>
    client.query(
      "insert into routing.routers values ($1, 'production', 'http://10.1.2.3:8069', '{watched.localhost}')",
      [tenant],
    ),
  );
});
afterAll(async () => {
  await asLogin("router", "instance", (client) =>
    client.query("delete from routing.routers where tenant = $1", [tenant]),
  );
  await redis.del(await redis.keys(`traefik/http/*/${tenant}-production/*`));
  redis.disconnect();
  await record.close();
});

const restore = async () =>
  restoreIfLost({
    record: await readLogin(settings, "router", "instance"),
    redis: server,
    entryPoint: "web",
    log,
  });
const rule = `traefik/http/routers/${tenant}-production/rule`;

test("a lost Redis is filled from the record; a missing or changed key is left to be seen", async () => {
  await redis.flushall();
  expect(await restore()).toBeGreaterThanOrEqual(1);
  expect(await redis.get(rule)).toBe("Host(`watched.localhost`)");
  expect(await redis.exists(epochKey)).toBe(1);

  await redis.del(rule);
  expect(await restore()).toBeUndefined();
  expect(await redis.exists(rule)).toBe(0);
});

test("a route that is being removed while Redis is filled does not come back", async () => {
  const leaving = { tenant: "ten_leavingleavingle", instance: "production" };
  const inputs = {
    ...leaving,
    hosts: ["leaving.localhost"],
    target: "http://10.1.2.4:8069",
    entryPoint: "web",
  };
  const keys = () => redis.keys(`*${leaving.tenant}*`);
  const routes = route(
    { url: databaseUrl(settings.platformDatabaseUrl, "router", "instance"), passFile: paths.pgpass },
    server,
  );
  const { id, state } = await routes.create(inputs);
  expect(await keys()).not.toEqual([]);
  await asLogin("router", "instance", async (client) => {
    // Somebody holds the host's row: the removal stands still in its middle.
    await client.query("begin");
    await client.query("select from routing.hosts where tenant = $1 for update", [leaving.tenant]);
    const removal = routes.remove(id, state);
    await until(async () => (await waiting()) === 1, {
      what: "the removal to wait for the host's row",
      deadlineMs: 10_000,
      everyMs: 20,
    });
    await redis.flushall();
    const restored = restore();
    await until(async () => (await waiting()) === 2 || (await keys()).length > 0, {
      what: "the restoring to wait, or to write",
      deadlineMs: 10_000,
      everyMs: 20,
    });
    await client.query("commit");
    await Promise.all([removal, restored]);
  });
  expect(await keys()).toEqual([]);
  expect(await redis.exists(rule)).toBe(1);
});

/** Sessions of this database that wait for a lock. */
async function waiting(): Promise<number> {
  const { rows } = await asLogin("router", "instance", (client) =>
    client.query<{ n: number }>(
      "select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    ),
  );
  return rows[0]?.n ?? 0;
}

test("a running provisioner brings the routes back within seconds", async () => {
  const running = await provisioner();
  try {
    await redis.flushall();
    await until(async () => (await redis.exists(rule)) === 1, {
      what: "the routes",
      deadlineMs: 5_000,
      everyMs: 50,
    });
  } finally {
    await running.stop();
  }
});

test("a provisioner that starts looks at the firewall rules first", async () => {
  const plan = firewallPlan(settings);
  await removeFirewall(run, plan);
  const running = await provisioner();
  try {
    expect((await checkFirewall(run, plan)).ok).toBe(true);
  } finally {
    await running.stop();
  }
});

test("missing firewall rules are put back", async () => {
  const plan = firewallPlan(settings);
  const kept = keptLog();
  const running = await provisioner({}, { log: kept.log });
  try {
    await removeFirewall(run, plan);
    const told = () => /rules were missing and have been put back/.test(kept.text());
    await until(told, { what: "the rules to be back", deadlineMs: 15_000, everyMs: 100 });
    expect((await checkFirewall(run, plan)).ok).toBe(true);
  } finally {
    await running.stop();
  }
});

test("while they cannot be put back nothing is made for a tenant; once they can, it is", async () => {
  const plan = firewallPlan(settings);
  const bin = await mkdtemp(join(tmpdir(), "berth-iptables-"));
  const broken = join(bin, "broken");
  const real = (await run("sh", ["-c", "command -v iptables-restore"])).trim();
  const script = `#!/bin/sh\n[ -e ${broken} ] && { echo "cannot be changed now" >&2; exit 4; }\nexec ${real} "$@"\n`;
  await writeFile(join(bin, "iptables-restore"), script, { mode: 0o755 });
  const kept = keptLog();
  const running = await provisioner({}, { log: kept.log, path: `${bin}:${process.env.PATH}` });
  try {
    await writeFile(broken, "");
    await removeFirewall(run, plan);
    // Nobody has looked since: the operation itself is what makes the provisioner look.
    const tenant = await record.want("unguarded");
    const says = () => /no work is taken/.test(kept.text());
    await until(says, { what: "the refusal in the log", deadlineMs: 15_000, everyMs: 10 });
    expect(await record.steps(tenant.operation)).toEqual([]);
    expect(await found(tenant)).toEqual(nothing);
    await rm(broken);
    expect(await record.ended(tenant.operation)).toMatchObject({ status: "succeeded" });
    expect((await checkFirewall(run, plan)).ok).toBe(true);
    expect(await record.ended(await record.unwant(tenant.tenantId))).toMatchObject({ status: "succeeded" });
  } finally {
    await running.stop();
    await rm(bin, { recursive: true });
  }
});

test("after an event of the engine's networks the rules are looked at", async () => {
  const plan = firewallPlan(settings);
  let looks = 0;
  const watch = watchFirewall({
    run: (command, args, options) => {
      if (command === "iptables-save") looks += 1;
      return run(command, args, options);
    },
    plan,
    dockerHost: "unix:///var/run/docker.sock",
    job: createMetrics(log).job("watch the firewall"),
    log,
    onMended: () => undefined,
  });
  const network = `berth-${settings.env}-event`;
  try {
    await watch.look();
    // The second is for the stream's own connection; the clock's comes after five seconds.
    await until(() => looks > 1, { what: "the stream of events", deadlineMs: 3_000, everyMs: 5 });
    await watch.ask();
    const before = looks;
    await run("docker", ["network", "create", "--internal", network]);
    await until(() => looks > before, { what: "another look", deadlineMs: 1_500, everyMs: 5 });
  } finally {
    watch.stop();
    await run("docker", ["network", "rm", network]);
  }
});
