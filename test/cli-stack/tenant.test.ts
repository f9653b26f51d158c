import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { traefikKeys } from "../../components/provider/traefik-keys.ts";
import { readSecret } from "../../control-plane/login.ts";
import { migrateAll } from "../../control-plane/migrate.ts";
import { logins } from "../../control-plane/paths.ts";
import { until } from "../../control-plane/until.ts";
import { tenantOutputs } from "../../stacks/tenant/contract.ts";
import { startPlatform, type TestPlatform } from "../support/platform.ts";
import { startServer } from "../support/postgres.ts";
import { newTenant, operatorEnv, type Tenant } from "./operator.ts";
import { nothingLeft, type Outside, outside } from "./outside.ts";

// Everything here is done with the plain pulumi command; nothing of the control plane runs.
let platform: TestPlatform;
let docker: Outside["docker"];
let redis: Outside["redis"];
let sql: Outside["sql"];
let paths: Outside["paths"];
let first: Tenant;
let second: Tenant;
beforeAll(async () => {
  platform = await startPlatform({ env: `tc-${process.pid % 100_000}` });
  ({ docker, redis, sql, paths } = outside(platform));
  await migrateAll(platform.settings);
  first = await newTenant(platform, 1);
  second = await newTenant(platform, 2);
}, 600_000);
afterAll(async () => {
  try {
    for (const tenant of [first, second]) await tenant?.forget();
  } finally {
    await platform?.down();
  }
}, 120_000);

const unchanged = async (tenant: Tenant) => {
  for (const command of [["preview"], ["refresh", "--preview-only"], ["preview", "--refresh"]]) {
    const told = await tenant.pulumi(...command, "--expect-no-changes");
    expect(told.ok, `pulumi ${command.join(" ")}: ${told.text}`).toBe(true);
  }
};

describe("a tenant made by the plain command", () => {
  test("comes up, and people can log in and write", async () => {
    await Promise.all([first, second].map((tenant) => tenant.must("up", "--yes", "--skip-preview")));
    await first.writes();
    await second.writes();
  });

  test("shows no change right after", async () => {
    await unchanged(first);
  });

  test("tells its outputs as the contract has them, and its history", async () => {
    const { instances } = tenantOutputs.parse(JSON.parse(await first.must("stack", "output", "--json")));
    expect(instances.production).toMatchObject({
      url: `http://${first.host}`,
      hosts: [first.host],
      container: first.names.container,
      database: first.names.database,
    });
    expect(await first.must("stack", "history")).toMatch(/update/);
  });

  test("keeps no secret where it can be read", async () => {
    const exported = await first.must("stack", "export");
    const text = exported + (await first.must("stack", "output", "--json")) + (await first.must("config"));
    const instance = first.config.instances.production;
    const secrets = [instance?.database.password, instance?.owner.passwordHash, first.password];
    for (const login of logins) secrets.push(await readSecret(paths.loginPassword(login)));
    secrets.push(await readSecret(paths.redisPassword), await readSecret(paths.passphrase));
    for (const secret of secrets) expect(text.includes(secret ?? "missing")).toBe(false);
    expect(exported).toContain("ciphertext");
  });

  test("has a container with limits, and a way to nothing", async () => {
    const [container] = JSON.parse(await docker("inspect", first.names.container));
    expect(container.HostConfig).toMatchObject({
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      PortBindings: null,
      Privileged: false,
      PidsLimit: 256,
      Memory: 1024 * 1024 * 1024,
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
    });
    expect(Object.keys(container.NetworkSettings.Networks)).toEqual([platform.platform.network.name]);
    const address = first.config.instances.production?.address;
    expect(container.NetworkSettings.Networks[platform.platform.network.name].IPAddress).toBe(address);
    const file = await docker("exec", first.names.container, "stat", "-c", "%a %U", "/run/berth/db-password");
    expect(file.trim()).toBe("400 odoo");
    const seen = JSON.stringify(container) + (await docker("top", first.names.container));
    expect(seen).not.toContain(first.config.instances.production?.database.password);
  });

  test("shares no secret and no address with another", async () => {
    const own = async ({ names }: Tenant) => {
      const rows = await sql<{ key: string; value: string }>(
        `SELECT key, value FROM ir_config_parameter WHERE key IN ('database.secret', 'database.uuid', 'web.base.url')
         UNION SELECT login, password FROM res_users WHERE id = 2
         UNION SELECT 'role', (SELECT rolpassword FROM pg_authid WHERE rolname = '${names.role}')`,
        names.database,
      );
      expect(rows).toHaveLength(5);
      return rows;
    };
    const [mine, others] = [await own(first), await own(second)];
    for (const { value } of mine) expect(others.map((row) => row.value)).not.toContain(value);
    const keys = (rows: Array<{ key: string }>) =>
      rows.map(({ key }) => key).filter((key) => key.includes("@"));
    expect(keys(mine)).not.toEqual(keys(others));
  });

  test("may not have a host of another's", async () => {
    const thief = await newTenant(platform, 3, { instance: { hosts: [first.host] } });
    try {
      const told = await thief.pulumi("up", "--yes", "--skip-preview");
      expect(told.ok).toBe(false);
      expect(told.text).toContain(`The host ${first.host} belongs to another tenant. Choose another one.`);
    } finally {
      await thief.forget();
    }
  });
});

describe("drift made by hand is seen and mended", () => {
  const key = (name: string) => `traefik/http/routers/${first.id}-production/${name}`;
  const record = () => ({
    tenant: first.id,
    instance: "production",
    hosts: [first.host],
    target: "",
    entryPoint: "",
  });

  /** A hand's change, and what `refresh --preview-only --diff` then shows. */
  type Drift = [what: string, drift: () => Promise<unknown>, shown: RegExp];
  // Two rounds, because each takes four runs of pulumi.
  const rounds: Drift[][] = [
    [
      [
        "container removed",
        () => docker("rm", "--force", first.names.container),
        /- docker:index\/container:Container: \(delete\)/,
      ],
      [
        "route changed",
        () => redis((client) => client.set(key("rule"), "Host(`x`)")),
        /"Host\(`t1.localhost`\)" => "Host\(`x`\)"/,
      ],
      [
        "role kept from logging in",
        () => sql(`ALTER ROLE "${first.names.role}" NOLOGIN`),
        /~ login: true => false/,
      ],
      [
        "database owner changed",
        () => sql(`ALTER DATABASE "${first.names.database}" OWNER TO postgres`),
        /~ owner: .* => "postgres"/,
      ],
      [
        "database opened to all",
        () => sql(`GRANT CONNECT ON DATABASE "${first.names.database}" TO PUBLIC`),
        /\+ \[0\]: "PUBLIC"/,
      ],
    ],
    [
      [
        "container stopped",
        () => docker("stop", "--time", "1", first.names.container),
        /~ mustRun: true => false/,
      ],
      [
        "route removed",
        () => redis((client) => client.del(...Object.keys(traefikKeys(record())))),
        /- .*\/rule *: "Host/,
      ],
      [
        "role given rights",
        () => sql(`ALTER ROLE "${first.names.role}" SUPERUSER CREATEDB`),
        /~ superuser *: false => true/,
      ],
      [
        "role's password changed",
        () => sql(`ALTER ROLE "${first.names.role}" PASSWORD 'x'`),
        /~ berth:index:Ownership: \(update\)/,
      ],
      [
        "object taken away",
        () => sql("ALTER TABLE res_users OWNER TO postgres", first.names.database),
        /~ foreignObjects: 0 => 1/,
      ],
    ],
  ];

  test.each(rounds.map((round) => [round.map(([what]) => what).join(", "), round] as const))(
    "%s",
    async (_what, round) => {
      for (const [, drift] of round) await drift();
      const seen = await first.pulumi("refresh", "--preview-only", "--diff", "--expect-no-changes");
      expect(seen.ok, seen.text).toBe(false);
      for (const [, , shown] of round) expect(seen.text).toMatch(shown);
      await first.must("up", "--refresh", "--yes", "--skip-preview");
      const after = await first.pulumi("preview", "--refresh", "--expect-no-changes");
      expect(after.ok, after.text).toBe(true);
      await first.writes();
    },
  );
});

describe("a tenant that was once ready", () => {
  const identify = async (tenant: Tenant) => {
    const { instances } = tenantOutputs.parse(JSON.parse(await tenant.must("stack", "output", "--json")));
    const instance = tenant.config.instances.production;
    if (instance) instance.database.identity = instances.production?.identity;
    await tenant.write();
  };

  test("shows no change because its identity is known", async () => {
    await identify(first);
    await identify(second);
    await unchanged(first);
  });

  test("is not made anew on another server", async () => {
    const other = await startServer(platform.tools.images.postgres.ref);
    try {
      await other.sql(`CREATE ROLE provisioner SUPERUSER LOGIN PASSWORD '${other.password}'`);
      operatorEnv.PGPORT = `${other.port}`;
      operatorEnv.BERTH_TENANTS_SERVER_URL = `postgres://provisioner@127.0.0.1:${other.port}/postgres`;
      operatorEnv.PGPASSFILE = `${paths.dataDir}/other-pgpass`;
      const line = `*:${other.port}:*:*:${other.password}\n`;
      const own = await readSecret(paths.pgpass);
      await writeFile(operatorEnv.PGPASSFILE, `${line}${own}\n`, { mode: 0o600 });
      const told = await first.pulumi("up", "--yes", "--skip-preview");
      expect(told.ok).toBe(false);
      expect(told.text).toContain(
        `The tenant's database ${first.names.database} is missing at 127.0.0.1:${other.port}.`,
      );
      expect(await other.sql("SELECT FROM pg_database WHERE datname LIKE 'ten%'")).toEqual([]);
    } finally {
      for (const name of Object.keys(operatorEnv)) delete operatorEnv[name];
      await other.remove();
    }
    await unchanged(first);
  });

  test("is not made anew when its database was dropped, and can still be destroyed", async () => {
    await docker("stop", "--time", "1", second.names.container);
    await sql(`DROP DATABASE "${second.names.database}" WITH (FORCE)`);
    const told = await second.pulumi("up", "--yes", "--skip-preview");
    expect(told.ok).toBe(false);
    expect(told.text).toContain(`The tenant's database ${second.names.database} is missing`);
    expect(await sql(`SELECT FROM pg_database WHERE datname = '${second.names.database}'`)).toEqual([]);
    await second.must("destroy", "--yes", "--skip-preview");
    await nothingLeft(platform, second);
  });
});

describe("destroy", () => {
  test("works while a session is open on the database, and leaves nothing", async () => {
    const password = first.config.instances.production?.database.password ?? "";
    const psql = platform
      .run("docker", [
        ...["run", "--rm", "--network", platform.platform.network.name, "--env", `PGPASSWORD=${password}`],
        ...["--label", `berth.env=${platform.settings.env}`, "--entrypoint", "psql"],
        ...[platform.tools.images.postgres.ref, "--host", platform.platform.network.gateway],
        ...[
          "--port",
          `${platform.settings.postgresPort}`,
          "--user",
          first.names.role,
          "--dbname",
          first.names.database,
        ],
        ...["--command", "SELECT pg_sleep(120)"],
      ])
      .then(
        () => "ended by itself",
        () => "was ended",
      );
    const sessions = () =>
      sql(
        `SELECT FROM pg_stat_activity WHERE datname = '${first.names.database}' AND query LIKE '%pg_sleep(120)%'`,
      );
    const connected = async () => (await sessions()).length > 0;
    await until(connected, { what: "psql's session", deadlineMs: 30_000, everyMs: 100 });
    await first.must("destroy", "--yes", "--skip-preview");
    expect(await psql).toBe("was ended");
    await nothingLeft(platform, first);
  });
});
