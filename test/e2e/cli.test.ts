import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { odooLogin } from "../../control-plane/cli/odoo-login.ts";
import { throughTraefik } from "../../control-plane/cli/through-traefik.ts";
import { dataPaths, projectRoot } from "../../control-plane/paths.ts";
import { until } from "../../control-plane/until.ts";
import { type Made, openWorld, type World } from "./world.ts";

let world: World;
let made: Made;
beforeAll(async () => {
  world = await openWorld();
  made = await world.create({ slug: "cli" });
});
afterAll(() => world.remove("cli"));

const quiet = "--non-interactive --color never";

test("the plain CLI sees no change right after creation", async () => {
  expect(await world.cli("cli", `pulumi preview ${quiet} --expect-no-changes`)).toMatchObject({ code: 0 });
  const refresh = await world.cli("cli", `pulumi refresh --preview-only ${quiet} --expect-no-changes`);
  expect(refresh, refresh.output).toMatchObject({ code: 0 });
  const outputs = await world.cli("cli", "pulumi stack output --json");
  expect(JSON.parse(outputs.output).instances.production).toMatchObject({
    url: made.tenant.url,
    hosts: [made.host],
    container: made.container,
    database: made.database,
  });
  expect((await world.cli("cli", "pulumi stack history")).output).toContain("succeeded");
});

test("what the shell is given holds no secret", async () => {
  const folder = dataPaths(world.settings.dataDir).secrets;
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const secrets = await Promise.all(files.map(async (file) => (await readFile(file, "utf8")).trim()));
  expect(secrets.length).toBeGreaterThan(10);
  const { output } = await world.cli("cli", "bin/berth env cli");
  expect(output.split("\n").filter((line) => line.startsWith("export ")).length).toBeGreaterThan(10);
  for (const secret of secrets) expect(output).not.toContain(secret);
  const config = join(projectRoot, `Pulumi.${made.tenant.id}.yaml`);
  expect((await stat(config)).mode & 0o777).toBe(0o600);
  for (const secret of secrets) expect(await readFile(config, "utf8")).not.toContain(secret);
  expect((await world.cli("cli", `git check-ignore ${config}`)).code).toBe(0);
  const general = await world.cli("cli", "unset PULUMI_STACK; bin/berth env");
  expect(general.output).toContain("export BERTH_URL=");
  expect(general.output).not.toContain("PULUMI_STACK");
});

describe("drift made by hand is seen, mended, and the tenant works after it", () => {
  const keyOf = () => `traefik/http/routers/${made.tenant.id}-production/rule`;
  const cases: Array<[string, () => Promise<unknown>]> = [
    ["container removed", () => world.docker("rm", "-f", made.container)],
    ["route changed", () => world.redis("set", keyOf(), "Host(`elsewhere.localhost`)")],
    ["route removed", () => world.redis("del", keyOf())],
    ["role may not log in", () => world.sql("postgres", `ALTER ROLE ${made.database} NOLOGIN`)],
    ["role may create databases", () => world.sql("postgres", `ALTER ROLE ${made.database} CREATEDB`)],
    ["database given away", () => world.sql("postgres", `ALTER DATABASE ${made.database} OWNER TO postgres`)],
  ];
  test.each(cases)("%s", async (_name, spoil) => {
    await spoil();
    const seen = await world.cli("cli", `pulumi refresh --preview-only ${quiet} --expect-no-changes`);
    expect(seen.code, seen.output).not.toBe(0);
    const mended = await world.cli("cli", `pulumi up --refresh --yes ${quiet}`);
    expect(mended.code, mended.output).toBe(0);
    const after = await world.cli("cli", `pulumi preview --refresh ${quiet} --expect-no-changes`);
    expect(after.code, after.output).toBe(0);
    await canLogInAndWrite();
  });
});

async function canLogInAndWrite(): Promise<void> {
  await until(
    async () => {
      const answer = await throughTraefik(world.settings.httpPort, made.host, "/web/login").catch(
        () => undefined,
      );
      return answer?.status === 200;
    },
    { what: "the login page", deadlineMs: 60_000, everyMs: 100 },
  );
  const credentials = {
    database: made.database,
    login: made.admin.email,
    password: made.admin.password ?? "",
  };
  const uid = await odooLogin(world.settings.httpPort, made.host, credentials);
  const answer = await throughTraefik(world.settings.httpPort, made.host, "/jsonrpc", {
    body: {
      jsonrpc: "2.0",
      method: "call",
      params: {
        service: "object",
        method: "execute_kw",
        args: [made.database, uid, credentials.password, "res.partner", "create", [{ name: "written" }]],
      },
    },
  });
  expect(JSON.parse(answer.body).result).toEqual(expect.any(Number));
}

test("with its database gone, up refuses and says why, by REST and by the CLI; delete still works", async () => {
  const lost = await world.create({ slug: "lost" });
  await world.docker("stop", lost.container);
  await world.sql("postgres", `DROP DATABASE ${lost.database} WITH (FORCE)`);
  for (const refresh of ["", "--refresh"]) {
    const up = await world.cli("lost", `pulumi up ${refresh} --yes ${quiet}`);
    expect(up.code).not.toBe(0);
    expect(up.output).toMatch(new RegExp(`${lost.database}.*is missing`));
  }
  const { operation } = await world.api<{ operation: { id: string } }>(
    "POST",
    `/instance/v1/tenants/lost/instances/production/restart`,
  );
  const ended = await world.ended(operation.id);
  expect(ended.status).toBe("failed");
  expect(ended.error?.message).toMatch(new RegExp(`${lost.database}.*is missing`));
  expect(await world.sql("postgres", "SELECT FROM pg_database WHERE datname = $1", [lost.database])).toEqual(
    [],
  );
  expect((await world.remove("lost")).status).toBe("succeeded");
});
