import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import type { Login } from "../../control-plane/paths.ts";
import { ensureDatabases, onServer } from "../../control-plane/platform/databases.ts";
import { readPlatform } from "../../control-plane/platform/outputs.ts";
import { waitForServices } from "../../control-plane/platform/services-up.ts";
import { gatewayOf } from "../../control-plane/settings.ts";
import { freePorts } from "../support/free-ports.ts";
import { asAdmin, connect, paths, run, settings } from "./support.ts";

const rights: Record<Exclude<Login, "provisioner">, string[]> = {
  pulumi: ["pulumi"],
  router: ["instance"],
  auth_owner: ["auth"],
  auth_run: ["auth"],
  tenant_owner: ["tenant"],
  tenant_run: ["tenant"],
  instance_owner: ["instance"],
  instance_run: ["instance"],
  monitor: ["postgres"],
  pgadmin: ["pulumi", "auth", "tenant", "instance", "postgres"],
};
const databases = ["pulumi", "auth", "tenant", "instance", "postgres", "template1"];

/** "yes", or PostgreSQL's code for why not. */
async function canConnect(options: Parameters<typeof connect>[0]): Promise<string> {
  try {
    await (await connect(options)).end();
    return "yes";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

describe("each login opens its own database and no other", () => {
  for (const [login, own] of Object.entries(rights)) {
    test(login, async () => {
      for (const database of databases) {
        expect(await canConnect({ user: login, database }), database).toBe(
          own.includes(database) ? "yes" : "42501",
        );
      }
    });
  }
});

test("the control plane's logins are refused from the tenants' side, whatever the password", async () => {
  const host = gatewayOf(settings.tenantSubnet);
  for (const user of ["postgres", "provisioner", ...Object.keys(rights)]) {
    expect(await canConnect({ user, database: "pulumi", host }), user).toBe("28000");
  }
});

test("nobody gets in without the right password", async () => {
  expect(await canConnect({ user: "provisioner", database: "postgres", password: "guess" })).toBe("28P01");
  const rules = await asAdmin((client) => client.query("select auth_method from pg_hba_file_rules"));
  expect(new Set(rules.rows.map((row) => row.auth_method))).toEqual(
    new Set(["peer", "scram-sha-256", "reject"]),
  );
});

test("PUBLIC may connect to no database but the closed template0, and makes nothing in the control plane's", async () => {
  const { rows } = await asAdmin((client) =>
    client.query(`select datname from pg_database
      where datacl is null or exists (select from aclexplode(datacl) where grantee = 0)`),
  );
  expect(rows).toEqual([{ datname: "template0" }]);
  for (const user of ["router", "instance_run", "tenant_run", "auth_run"] as const) {
    const client = await connect({ user, database: rights[user][0] ?? "" });
    // Without the right to use it, a schema is none, once the tables are made.
    await expect(client.query("create table mine (id int)"), user).rejects.toThrow(
      /permission denied|no schema has been selected/,
    );
    await expect(client.query("create temp table mine (id int)"), user).rejects.toThrow("permission denied");
    await client.end();
  }
});

test("only the provisioner is a superuser; no login may do more than it needs", async () => {
  const { rows } = await asAdmin((client) =>
    client.query(`select rolname, rolsuper from pg_roles
      where rolcanlogin and (rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls) order by 1`),
  );
  expect(rows.map((row) => row.rolname)).toEqual(["postgres", "provisioner"]);
});

test("durability is on", async () => {
  const { rows } = await asAdmin((client) =>
    client.query(`select current_setting('fsync') as fsync, current_setting('full_page_writes') as pages,
      current_setting('synchronous_commit') as sync, current_setting('data_checksums') as checksums`),
  );
  expect(rows).toEqual([{ fsync: "on", pages: "on", sync: "on", checksums: "on" }]);
});

test("what was changed by hand is put right, a new password in its file included, and nothing else is touched", async () => {
  const verifiers = () =>
    asAdmin(async (client) => {
      const { rows } = await client.query("select rolname, rolpassword from pg_authid where rolcanlogin");
      return new Map(rows.map((row) => [row.rolname, row.rolpassword]));
    });
  const before = await verifiers();
  await asAdmin(async (client) => {
    await client.query("alter role tenant_run createdb");
    await client.query("revoke connect on database auth from auth_run");
    await client.query("grant connect on database pulumi to public");
    await client.query("alter database tenant owner to postgres");
  });
  const file = paths.loginPassword("router");
  const old = await readFile(file, "utf8");
  await writeFile(file, randomBytes(18).toString("base64url"));
  await ensureDatabases(settings);
  expect(await canConnect({ user: "router", database: "instance" })).toBe("yes");
  expect(await canConnect({ user: "auth_run", database: "auth" })).toBe("yes");
  expect(await canConnect({ user: "router", database: "pulumi" })).toBe("42501");
  await writeFile(file, old);
  await ensureDatabases(settings);
  const after = await verifiers();
  const changed = [...after].filter(([name, kept]) => before.get(name) !== kept).map(([name]) => name);
  expect(changed.sort()).toEqual(["router", "tenant_run"]);
  const { rows } = await asAdmin((client) =>
    client.query(
      "select rolcreatedb, pg_get_userbyid(datdba) as owner from pg_roles, pg_database where rolname = 'tenant_run' and datname = 'tenant'",
    ),
  );
  expect(rows).toEqual([{ rolcreatedb: false, owner: "tenant_owner" }]);
});

test("tenants' databases may be on a server of their own: an operator's, with their own login", async () => {
  const { images } = await readPlatform(settings.dataDir);
  const [port] = await freePorts(1);
  const name = `berth-${settings.env}-other`;
  const password = (await readFile(paths.loginPassword("provisioner"), "utf8")).trim();
  const options = ["-d", "--name", name, "--label", `berth.env=${settings.env}`, "--network", "host"];
  const variables = [
    "-e",
    "POSTGRES_USER=provisioner",
    "-e",
    "POSTGRES_DB=postgres",
    "-e",
    `POSTGRES_PASSWORD=${password}`,
  ];
  await run("docker", [
    "run",
    ...options,
    ...variables,
    images.postgres.ref,
    "-c",
    `port=${port}`,
    "-c",
    "listen_addresses=127.0.0.1",
  ]);
  try {
    const other = { ...settings, tenantsDatabaseUrl: `postgres://provisioner@127.0.0.1:${port}/postgres` };
    await waitForServices(other, 30_000);
    await ensureDatabases(other);
    const theirs = await onServer(other, new URL(other.tenantsDatabaseUrl), async (client) => {
      const { rows } =
        await client.query(`select array(select datname::text from pg_database order by 1) as databases,
        array(select rolname::text from pg_roles where rolname not like 'pg\\_%' order by 1) as roles,
        has_database_privilege('odoo_template_objects', 'postgres', 'connect') as open`);
      return rows[0];
    });
    expect(theirs).toEqual({
      databases: ["postgres", "template0", "template1"],
      roles: ["odoo_template_objects", "provisioner"],
      open: false,
    });
  } finally {
    await run("docker", ["rm", "--force", "--volumes", name]);
  }
});
