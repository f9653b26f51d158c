import { execFile } from "node:child_process";
import { request } from "node:http";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { throughTraefik } from "../../control-plane/cli/through-traefik.ts";
import { until } from "../../control-plane/until.ts";
import { callOdoo, session } from "./odoo-session.ts";
import { type Made, openWorld, type World } from "./world.ts";

const exec = promisify(execFile);
let world: World;
let made: Made;
let admin: { made: Made; cookie: string };
beforeAll(async () => {
  world = await openWorld();
  made = await world.create({ slug: "inside" });
  admin = { made, cookie: await session(world, made) };
});
afterAll(() => world.remove("inside"));

const parameter = async (key: string) => {
  const rows = await world.sql<{ value: string }>(
    made.database,
    "SELECT value FROM ir_config_parameter WHERE key = $1",
    [key],
  );
  return rows[0]?.value;
};

test("a cron job that is triggered runs within seconds, long before Odoo looks by itself", async () => {
  const [model] = await world.sql<{ id: number }>(
    made.database,
    "SELECT id FROM ir_model WHERE model = 'res.partner'",
  );
  const shared = { model_id: model?.id, state: "code" };
  const cron = await callOdoo<number>(world, admin, "ir.cron", "create", {
    ...shared,
    name: "Berth's test",
    code: "env['ir.config_parameter'].sudo().set_param('berth.test.cron', 'it ran')",
    interval_number: 1,
    interval_type: "months",
    nextcall: "2099-01-01 00:00:00",
  });
  const trigger = await callOdoo<number>(world, admin, "ir.actions.server", "create", {
    ...shared,
    name: "Trigger it",
    code: `env['ir.cron'].browse(${cron})._trigger()`,
  });
  expect(await parameter("berth.test.cron")).toBeUndefined();
  await callOdoo(world, admin, "ir.actions.server", "run", [trigger]);
  // By itself Odoo looks once a minute; sooner only by the notification in its own database.
  await until(async () => (await parameter("berth.test.cron")) === "it ran", {
    what: "the cron job",
    deadlineMs: 15_000,
    everyMs: 100,
  });
});

test("Odoo shows nobody a list of databases, and leads a host to no other one", async () => {
  const ask = (path: string, body?: unknown) =>
    throughTraefik(world.settings.httpPort, made.host, path, { body });
  const list = await ask("/web/database/list", { jsonrpc: "2.0", method: "call", params: {} });
  expect(JSON.parse(list.body)).toMatchObject({
    error: { data: { name: "odoo.exceptions.AccessDenied" } },
  });
  const manager = await ask("/web/database/manager");
  expect(manager.body).not.toContain(made.database);
  const [other] = await world.sql<{ name: string }>(
    "postgres",
    "SELECT datname AS name FROM pg_database WHERE datname LIKE 'odoo_19_template_%'",
  );
  const elsewhere = await ask("/web/session/authenticate", {
    jsonrpc: "2.0",
    params: { db: other?.name, login: made.admin.email, password: made.admin.password },
  });
  expect(JSON.parse(elsewhere.body)).toHaveProperty("error");
});

test("a report is printed as PDF", async () => {
  const [model] = await callOdoo<number[]>(world, admin, "ir.model", "search", [["model", "=", "res.bank"]]);
  const answer = await throughTraefik(
    world.settings.httpPort,
    made.host,
    `/report/pdf/base.report_irmodeloverview/${model}`,
    { headers: { cookie: admin.cookie }, timeoutMs: 60_000 },
  );
  expect(answer.status, answer.body.slice(0, 500)).toBe(200);
  expect(answer.headers["content-type"]).toBe("application/pdf");
  expect(answer.body).toMatch(/^%PDF-1\.[\s\S]*%%EOF\s*$/);
});

/** Logs in from another address of this machine than the usual one, with what a client may say of itself. */
function login(to: { host: string; port: number }, headers: Record<string, string>): Promise<number> {
  const params = { db: made.database, login: made.admin.email, password: made.admin.password };
  return new Promise((resolve, reject) => {
    const call = request(
      {
        ...to,
        ...(to.host === "127.0.0.1" ? { localAddress: "127.0.0.5" } : {}),
        method: "POST",
        path: `/web/session/authenticate?from=${encodeURIComponent(headers["x-forwarded-proto"] ?? "")}`,
        headers: { host: made.host, "content-type": "application/json", ...headers },
      },
      (answer) => {
        answer.resume();
        answer.once("end", () => resolve(answer.statusCode ?? 0));
      },
    );
    call.once("error", reject);
    call.end(JSON.stringify({ jsonrpc: "2.0", params }));
  });
}

test("Odoo knows its client's address and scheme from Traefik, and from nobody else", async () => {
  // Unfrozen, Odoo notes the address at which its administrator logged in: its own view of the request.
  await callOdoo(world, admin, "ir.config_parameter", "set_param", "web.base.url.freeze", false);
  const forged = {
    "x-forwarded-proto": "https",
    "x-forwarded-for": "203.0.113.9",
    "x-forwarded-host": "evil.example",
  };
  const traefik = { host: "127.0.0.1", port: world.settings.httpPort };
  expect(await login(traefik, forged)).toBe(200);
  const url = new URL((await parameter("web.base.url")) ?? "");
  expect([url.protocol, url.hostname]).toEqual(["http:", made.host]);
  const lines = await until(
    async () => {
      const { stdout, stderr } = await exec("docker", ["logs", "--tail", "200", made.container]);
      const found = `${stdout}${stderr}`.split("\n").filter((line) => line.includes("from=https"));
      return found.length > 0 ? found : undefined;
    },
    { what: "the request in Odoo's log", deadlineMs: 10_000, everyMs: 100 },
  );
  expect(lines.join("\n")).toContain("127.0.0.5");
  expect(lines.join("\n")).not.toContain("203.0.113.9");

  // What a Traefik that ends TLS will say to the instance itself.
  const { address, health } = await world.api<{ address: string; health: { status: string } }>(
    "GET",
    "/instance/v1/tenants/inside/instances/production",
  );
  expect(health).toMatchObject({ status: "up", detail: expect.stringMatching(/\.$/) });
  const told = {
    "x-forwarded-proto": "https",
    "x-forwarded-for": "203.0.113.9",
    "x-forwarded-host": made.host,
  };
  expect(await login({ host: address, port: 8069 }, told)).toBe(200);
  expect(await parameter("web.base.url")).toBe(`https://${made.host}`);
});

test("with another database in its place a tenant is not brought up, by REST, and can still be deleted", async () => {
  const other = await world.create({ slug: "replaced" });
  await world.docker("rm", "-f", other.container);
  // As after a restore of the wrong backup: the name is right, the content is another tenant's.
  const aside = `${other.database}_aside`;
  for (const statement of [
    `ALTER DATABASE "${other.database}" RENAME TO "${aside}"`,
    `CREATE DATABASE "${other.database}" TEMPLATE "${aside}" OWNER "${other.database}"`,
    `DROP DATABASE "${aside}"`,
  ])
    await world.sql("postgres", statement);
  await world.sql(
    other.database,
    "UPDATE ir_config_parameter SET value = gen_random_uuid()::text WHERE key = 'database.uuid'",
  );
  const { operation } = await world.api<{ operation: { id: string } }>(
    "POST",
    "/instance/v1/tenants/replaced/instances/production/restart",
  );
  const ended = await world.ended(operation.id);
  expect(ended.status).toBe("failed");
  expect(ended.error?.message).toMatch(new RegExp(`${other.database}.*is not this tenant's`, "i"));
  expect(await world.docker("ps", "-q", "--filter", `name=${other.container}`)).toBe("");
  expect((await throughTraefik(world.settings.httpPort, other.host, "/web/login")).status).not.toBe(200);
  const shown = await world.api<{ tenant: { status: string } }>("GET", "/tenant/v1/tenants/replaced");
  expect(shown.tenant.status).toBe("failed");
  expect((await world.remove("replaced")).status).toBe("succeeded");
  const left = await world.sql("postgres", "SELECT FROM pg_database WHERE datname = $1", [other.database]);
  expect(left).toEqual([]);
});
