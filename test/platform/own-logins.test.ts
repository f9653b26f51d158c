import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { looker } from "../../components/provider/ownership/looker.ts";
import { migrateAll } from "../../control-plane/migrate.ts";
import { mustBeOwnLogin } from "../../control-plane/own-login.ts";
import { logins, projectRoot } from "../../control-plane/paths.ts";
import { type ServiceName, serviceNames } from "../../control-plane/service-names.ts";
import { ownLogins, serviceVariables } from "../../control-plane/service-variables.ts";
import { until } from "../../control-plane/until.ts";
import { freePorts } from "../support/free-ports.ts";
import { table } from "../support/table.ts";
import { asAdmin, paths, settings } from "./support.ts";

beforeAll(() => migrateAll(settings));

const passwords: Record<string, string> = {};
const passwordOf = async (user: string) =>
  passwords[user] ??
  (
    await readFile(
      user === "postgres" ? paths.postgresPassword : paths.loginPassword(user as "router"),
      "utf8",
    )
  ).trim();

/** What the service says to a login: "starts", or why it does not. */
async function verdict(service: ServiceName, user: string, database: string): Promise<string> {
  const url = `postgres://${user}@127.0.0.1:${settings.postgresPort}/${database}`;
  return mustBeOwnLogin(service, { url, password: await passwordOf(user) }).then(
    () => "starts",
    (error: Error) => error.message.replace(/^The \w+ service does not start with the login "\w+": /, ""),
  );
}

const because: Array<[string, RegExp]> = [
  ["starts", /^starts$/],
  ["superuser", /^it is a superuser/],
  ["owner", /^it owns the database/],
  ["shared", /^it may connect to ".+" as well/],
  ["no rights", /^it has no rights to this service's tables/],
  ["another's", /^it may not connect to/],
  ["wrong database", /^"\w+" is not this service's database/],
];
const reason = (said: string) => because.find(([, pattern]) => pattern.test(said))?.[0] ?? said;

test("a service starts with its own login and with no other: the refusal matrix", async () => {
  const users = ["postgres", ...logins];
  const rows: string[][] = [];
  for (const user of users) {
    const row = [user];
    for (const service of serviceNames)
      row.push(reason(await verdict(service, user, ownLogins[service].database)));
    rows.push(row);
  }
  console.log(table(["login", ...serviceNames.map((name) => `${name} service`)], rows));
  const expected = (user: string, service: ServiceName) => {
    const { login, database } = ownLogins[service];
    if (user === login) return "starts";
    if (user === "postgres" || user === "provisioner") return "superuser";
    if (user === `${database}_owner`) return "owner";
    if (user === "router" && service === "instance") return "no rights";
    if (user === looker) return "shared";
    return "another's";
  };
  for (const [user = "", ...cells] of rows)
    expect(cells, user).toEqual(serviceNames.map((service) => expected(user, service)));
});

test("a login that two services could share is taken by neither", async () => {
  await asAdmin((client) => client.query("grant connect on database tenant to auth_run"));
  try {
    expect(await verdict("user", "auth_run", "auth")).toBe(
      'it may connect to "tenant" as well. No two services share a login.',
    );
    expect(reason(await verdict("tenant", "auth_run", "tenant"))).toBe("no rights");
  } finally {
    await asAdmin((client) => client.query("revoke connect on database tenant from auth_run"));
  }
  expect(await verdict("user", "auth_run", "auth")).toBe("starts");
});

test("a tenant that opens its database to everybody keeps no service from starting", async () => {
  await asAdmin((client) => client.query("create database open_to_all"));
  try {
    await asAdmin((client) => client.query("grant connect on database open_to_all to public, auth_run"));
    for (const service of serviceNames) {
      const { login, database } = ownLogins[service];
      expect(await verdict(service, login, database)).toBe("starts");
    }
  } finally {
    await asAdmin((client) => client.query("drop database open_to_all"));
  }
});

test("another service's login is not taken with another service's database either", async () => {
  expect(reason(await verdict("tenant", "auth_run", "auth"))).toBe("wrong database");
  expect(reason(await verdict("user", "instance_run", "instance"))).toBe("wrong database");
  expect(await verdict("tenant", "tenant_run", "nowhere")).toBe('there is no database "nowhere".');
  passwords.wrong_run = "x";
  expect(await verdict("tenant", "wrong_run", "tenant")).toMatch(/^PostgreSQL does not accept it/);
});

/** Runs `berth serve <service>` with variables besides the environment's own. */
function serve(service: string, variables: Record<string, string>) {
  const [user, tenant, instance] = ports;
  const child = spawn(join(projectRoot, "bin/berth"), ["serve", service], {
    env: {
      ...process.env,
      BERTH_ENV: settings.env,
      BERTH_DATA_DIR: settings.dataDir,
      BERTH_REDIS_PORT: `${settings.redisPort}`,
      BERTH_USER_PORT: `${user}`,
      BERTH_TENANT_PORT: `${tenant}`,
      BERTH_INSTANCE_PORT: `${instance}`,
      ...variables,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text) => {
      said += text;
    });
  const ended = once(child, "close").then(([code]) => ({ code: code as number, said }));
  return { child, ended };
}
const ports = await freePorts(3);

test("a service that runs alone says which variables it lacks, and which login it does not take", async () => {
  const none = await serve("tenant", {}).ended;
  expect(none.code).toBe(1);
  for (const name of [
    "DB_SERVICE_USER",
    "DB_SERVICE_PASSWORD",
    "POSTGRES_HOST",
    "POSTGRES_DB",
    "BERTH_KEYS_FILE",
  ])
    expect(none.said).toMatch(new RegExp(`${name}: must be set for a service that runs alone`));

  const tenant = serviceVariables("tenant", settings);
  const auth = serviceVariables("user", settings);
  const another = await serve("tenant", {
    ...tenant,
    DB_SERVICE_USER: "auth_run",
    DB_SERVICE_PASSWORD_FILE: auth.DB_SERVICE_PASSWORD_FILE ?? "",
  }).ended;
  expect(another).toMatchObject({ code: 1 });
  expect(another.said).toContain(
    'The tenant service does not start with the login "auth_run": it may not connect to "tenant". Is it another service\'s?',
  );
  const keys = await serve("tenant", { ...tenant, BERTH_KEYS_FILE: auth.BERTH_KEYS_FILE ?? "" }).ended;
  expect(keys).toMatchObject({ code: 1 });
  expect(keys.said).toMatch(/BERTH_KEYS_FILE: the file .+ does not hold the keys of the tenant service\./);
  const wrong = await serve("tenants", tenant).ended;
  expect(wrong.said).toContain('There is no service "tenants": user, instance, tenant');
});

test("with its own it serves, by a password in a file or in a variable, and ends when it is asked to", async () => {
  const { DB_SERVICE_PASSWORD_FILE = "", ...rest } = serviceVariables("tenant", settings);
  const password = (await readFile(DB_SERVICE_PASSWORD_FILE, "utf8")).trim();
  for (const variables of [
    { ...rest, DB_SERVICE_PASSWORD_FILE },
    { ...rest, DB_SERVICE_PASSWORD: password },
  ]) {
    const { child, ended } = serve("tenant", variables);
    const health = await until(
      async () => {
        if (child.exitCode !== null) throw new Error((await ended).said);
        const answer = await fetch(`http://127.0.0.1:${ports[1]}/health`).catch(() => undefined);
        return answer?.ok ? ((await answer.json()) as { checks: Record<string, { status: string }> }) : false;
      },
      { what: "the tenant service to answer", deadlineMs: 30_000, everyMs: 50 },
    );
    const status = Object.fromEntries(
      Object.entries(health.checks).map(([name, check]) => [name, check.status]),
    );
    expect(status).toEqual({ database: "ok", user: "away", instance: "away" });
    child.kill("SIGTERM");
    const { code, said } = await ended;
    expect(code).toBe(0);
    expect(said).not.toContain(password);
  }
});
