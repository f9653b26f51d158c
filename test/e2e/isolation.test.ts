import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../control-plane/until.ts";
import { type Address, dial } from "./dial.ts";
import { type Made, openWorld, type World } from "./world.ts";

let world: World;
let mine: Made;
let other: Made;
beforeAll(async () => {
  world = await openWorld();
  [mine, other] = await Promise.all([world.create({ slug: "mine" }), world.create({ slug: "other" })]);
});
afterAll(async () => {
  await Promise.all([world.remove("mine"), world.remove("other")]);
});

/** Runs Python inside the tenant's container, as Odoo's own user. Gives what it prints. */
const inside = (code: string) => world.docker("exec", mine.container, "python3", "-c", code);

const login = (database: string, user = mine.database) => `
import psycopg2
try:
    psycopg2.connect(host="${gateway()}", port=${world.settings.postgresPort}, dbname="${database}", user="${user}",
        password=open("/run/berth/db-password").read(), connect_timeout=3).close(); print("open")
except psycopg2.OperationalError as error:
    print("closed", error)`;

const gateway = () => world.settings.tenantSubnet.replace(/0\/\d+$/, "1");

describe("PostgreSQL answers for the tenant's own database only", () => {
  test("its own", async () => {
    expect(await inside(login(mine.database))).toBe("open");
  });
  test("not the server's, the templates, another tenant's or ours", async () => {
    const all = await world.sql<{ datname: string }>("postgres", "SELECT datname FROM pg_database");
    const others = all.map((row) => row.datname).filter((name) => name !== mine.database);
    expect(others).toContain("postgres");
    expect(others).toContain(other.database);
    expect(others.some((name) => name.includes("template_"))).toBe(true);
    for (const name of others) expect(await inside(login(name)), name).toMatch(/^closed/);
  });
  test("nor for another login", async () => {
    for (const user of [other.database, "provisioner", "postgres", "instance_run"]) {
      expect(await inside(login(user === other.database ? user : "postgres", user)), user).toMatch(/^closed/);
    }
  });
});

describe("the network", () => {
  test("Traefik's public port and PostgreSQL on the gateway answer", async () => {
    const { httpPort, postgresPort } = world.settings;
    const tried = await dial(world, mine.container, [
      [gateway(), httpPort],
      [gateway(), postgresPort],
    ]);
    expect(new Set(Object.values(tried))).toEqual(new Set(["open"]));
  });
  test("another tenant, Redis, the control plane and this host's other addresses do not", async () => {
    const otherAddress = await world.docker(
      "inspect",
      other.container,
      "--format",
      `{{(index .NetworkSettings.Networks "berth-${world.settings.env}-tenants").IPAddress}}`,
    );
    const { redisPort, apiPort, traefikAdminPort, postgresPort } = world.settings;
    const mineOnly = Object.values(networkInterfaces())
      .flat()
      .filter((address) => address?.family === "IPv4" && !address.internal && address.address !== gateway())
      .map((address) => address?.address ?? "");
    expect(mineOnly.length).toBeGreaterThan(0);
    const refused: Address[] = [
      [otherAddress, 8069],
      [gateway(), redisPort],
      [gateway(), apiPort],
      [gateway(), traefikAdminPort],
      [gateway(), 22],
      ["169.254.169.254", 80],
      ...mineOnly.flatMap((address): Address[] => [
        [address, postgresPort],
        [address, redisPort],
        [address, apiPort],
      ]),
    ];
    const tried = await dial(world, mine.container, refused);
    expect(Object.keys(tried)).toHaveLength(refused.length);
    expect(Object.entries(tried).filter(([, found]) => found !== "closed")).toEqual([]);
  });
});

test("the container has no capability, no new privileges, no published port, and limits", async () => {
  const found = JSON.parse(await world.docker("inspect", mine.container))[0];
  expect(found.HostConfig.CapDrop).toEqual(["ALL"]);
  expect(found.HostConfig.SecurityOpt).toContain("no-new-privileges");
  expect(Object.values(found.NetworkSettings.Ports ?? {}).every((bound) => bound === null)).toBe(true);
  expect(found.HostConfig.Memory).toBeGreaterThan(0);
  expect(found.HostConfig.PidsLimit).toBeGreaterThan(0);
  expect(found.HostConfig.NanoCpus > 0 || found.HostConfig.CpuQuota > 0).toBe(true);
  expect(found.HostConfig.LogConfig.Config["max-size"]).toBeDefined();
  expect(await inside('print(open("/proc/self/status").read().split("CapEff:")[1].split()[0])')).toMatch(
    /^0+$/,
  );
  expect(
    await inside(
      'import os; s=os.stat("/run/berth/db-password"); print(oct(s.st_mode & 0o777), s.st_uid == os.getuid())',
    ),
  ).toBe("0o400 True");
});

test("the database password is in nobody's sight", async () => {
  const password = await inside('print(open("/run/berth/db-password").read().strip())');
  expect(password.length).toBeGreaterThan(20);
  expect(await world.docker("inspect", mine.container)).not.toContain(password);
  expect(await world.docker("exec", mine.container, "cat", "/proc/1/environ")).not.toContain(password);
  expect(await world.docker("exec", mine.container, "cat", "/proc/1/cmdline")).not.toContain(password);
  const { output } = await world.cli("mine", "pulumi stack export");
  expect(output).toContain("ciphertext");
  expect(output).not.toContain(password);
});

test("two tenants share no secret, id, address, login or company", async () => {
  const facts = (made: Made) =>
    world.sql<{ fact: string; value: string }>(
      made.database,
      `SELECT key AS fact, value FROM ir_config_parameter WHERE key IN ('database.secret', 'database.uuid', 'web.base.url')
       UNION ALL SELECT 'login', login FROM res_users WHERE id = 2 UNION ALL SELECT 'password', password FROM res_users WHERE id = 2
       UNION ALL SELECT 'company', name FROM res_company WHERE id = 1`,
    );
  const [a, b] = [await facts(mine), await facts(other)];
  expect(a).toHaveLength(6);
  for (const { fact, value } of a) expect(value, fact).not.toBe(b.find((one) => one.fact === fact)?.value);
  const foreign = await world.sql(
    mine.database,
    `SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
     WHERE nspname = 'public' AND relowner <> (SELECT oid FROM pg_roles WHERE rolname = $1)`,
    [mine.database],
  );
  expect(foreign).toEqual([]);
});

test("rules of the firewall that somebody deletes are put back", async () => {
  const chain = `BERTH-${world.settings.env}-FWD`;
  const { execFileSync } = await import("node:child_process");
  const rules = () =>
    execFileSync("iptables", ["-S"], { encoding: "utf8" })
      .split("\n")
      .filter((rule) => rule.includes(chain));
  const before = rules();
  expect(before.length).toBeGreaterThan(2);
  execFileSync("iptables", ["-F", chain]);
  await until(() => rules().length === before.length, {
    what: "the rules",
    deadlineMs: 30_000,
    everyMs: 100,
  });
  expect(rules()).toEqual(before);
});
