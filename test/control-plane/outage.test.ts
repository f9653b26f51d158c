import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type Database, openDatabase } from "../../control-plane/database.ts";
import { finishOperation } from "../../control-plane/instance/finish-operation.ts";
import { announceProvisioner } from "../../control-plane/instance/presence.ts";
import { putTemplate } from "../../control-plane/instance/put-template.ts";
import { createWake, listenForWork } from "../../control-plane/instance/queue.ts";
import { createSecretsBox } from "../../control-plane/instance/secrets-box.ts";
import { createServices, type Services } from "../../control-plane/services.ts";
import { until } from "../../control-plane/until.ts";
import {
  cloneDatabases,
  prepareTemplates,
  startServer,
  type TestDatabases,
  type TestServer,
} from "../support/postgres.ts";
import { seedStaff } from "../support/seed-staff.ts";
import {
  apiKey,
  captureLog,
  catalogue,
  freshSlug,
  keys,
  newTenantBody,
  noLimits,
  noMail,
  type Problem,
  type TenantAnswer,
  type TestServices,
} from "./support.ts";
import { claimFor, createTenant, untilStatus } from "./worker.ts";

// A server of this file's own, which it takes down and brings up again.
let server: TestServer;
let databases: TestDatabases;
let services: Services;
let database: Database;
const { log, text: logged } = captureLog();
const t = {} as TestServices;

beforeAll(async () => {
  server = await startServer(inject("postgresImage"));
  await prepareTemplates(server);
  databases = await cloneDatabases(server);
  services = createServices({
    ...noMail,
    settings: { domain: "localhost", httpPort: 80 },
    logins: databases.logins,
    keys,
    redis: inject("redis"),
    limits: noLimits,
    log,
    probe: async () => ({ status: "up", detail: "" }),
  });
  await seedStaff((sql, values) => server.sql(sql, values, databases.names.auth), apiKey);
  services.start();
  database = openDatabase({ login: databases.logins.instance, name: "test worker", log });
  t.worker = {
    db: database.db,
    box: createSecretsBox(keys.instance.stackSecrets),
    wake: createWake(database.db),
    ended: () => undefined,
  };
  t.logged = logged;
  t.call = (method, path, body, headers = {}) =>
    Promise.resolve(
      services.fetch(
        new Request(`http://localhost${path}`, {
          method,
          headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json", ...headers },
          body: body === undefined ? undefined : JSON.stringify(body),
        }),
      ),
    );
  t.expect = async <T>(status: number, ...args: Parameters<TestServices["call"]>) => {
    const response = await t.call(...args);
    const body = await response.text();
    if (response.status !== status)
      throw new Error(`${args[0]} ${args[1]} answered ${response.status}: ${body}`);
    return JSON.parse(body) as T;
  };
  await putTemplate(t.worker, { ...catalogue, worker: "test" });
}, 180_000);
afterAll(async () => {
  await services?.stop();
  await database?.close();
  await server?.remove();
});

const answers = (path: string, status: number) =>
  until(async () => (await t.call("GET", path)).status === status, {
    what: `${path} to answer ${status}`,
    deadlineMs: 30_000,
    everyMs: 50,
  });

describe("while PostgreSQL is away", () => {
  test("requests are refused with a reason, health tells of it, and everything goes on by itself afterwards", async () => {
    const before = await createTenant(t);
    await untilStatus(t, before.tenant.slug, "creating");
    const fence = await claimFor(t, before.tenant.id);
    const kicks: number[] = [];
    const work = await listenForWork({ login: databases.logins.instance, kick: () => kicks.push(1), log });
    const presence = announceProvisioner({ login: databases.logins.instance, log });
    await presence.ready;
    const stream = await t.call("GET", `/instance/v1/operations/${before.operation.id}/events`);
    const reader = stream.body?.getReader();
    await reader?.read();

    await server.stop();
    for (const [method, path, body] of [
      ["GET", "/tenant/v1/tenants", undefined],
      ["POST", "/tenant/v1/tenants", newTenantBody(freshSlug())],
      ["DELETE", `/tenant/v1/tenants/${before.tenant.slug}`, undefined],
      ["GET", `/instance/v1/operations/${before.operation.id}`, undefined],
      ["GET", `/instance/v1/operations/${before.operation.id}/events`, undefined],
      [
        "PUT",
        "/instance/v1/stacks/ten_a234567890123456",
        { desired: "absent", operation: "op_a234567890123456", revision: 1, slug: "abc", actor: "x" },
      ],
      [
        "POST",
        "/user/v1/accounts",
        { name: "Ada", email: "ada@acme.example", password: "correct horse battery" },
      ],
      ["POST", "/user/v1/sessions", { email: "ada@acme.example", password: "correct horse battery" }],
      ["POST", "/user/v1/sessions/second-factor", { challenge: `2fa-${"x".repeat(20)}`, code: "123456" }],
      ["GET", "/user/v1/sessions/current", undefined],
      ["POST", "/user/v1/password-resets", { email: "ada@acme.example" }],
      ["POST", "/user/v1/email-verification", { email: "ada@acme.example" }],
      ["PUT", "/user/v1/password", { code: "any", password: "correct horse battery" }],
    ] as const) {
      const response = await t.call(method, path, body);
      expect(response.status, `${method} ${path}`).toBe(503);
      expect(response.headers.get("retry-after")).toBe("2");
      const problem = (await response.json()) as Problem;
      expect(problem).toMatchObject({ code: "database_unavailable" });
      expect(problem.detail).toMatch(/PostgreSQL does not answer/);
    }
    for (const service of ["user", "tenant", "instance"]) {
      expect(await t.expect(200, "GET", `/${service}/health`)).toMatchObject({
        status: "degraded",
        checks: { database: { status: "away" } },
      });
      expect((await t.call("GET", `/${service}/health/database`)).status).toBe(503);
    }
    await expect(finishOperation(t.worker, { fence, status: "succeeded" })).rejects.toThrow();

    await server.start();
    await answers("/tenant/v1/tenants", 200);
    // The lease is still this worker's: it ends what it began.
    await until(
      () =>
        finishOperation(t.worker, { fence, status: "succeeded" }).then(
          () => true,
          () => false,
        ),
      { what: "the operation to end", deadlineMs: 30_000, everyMs: 100 },
    );
    await untilStatus(t, before.tenant.slug, "ready");
    kicks.length = 0;
    const after = await createTenant(t);
    await untilStatus(t, after.tenant.slug, "creating");
    await until(() => kicks.length > 0, { what: "a worker to be woken", deadlineMs: 10_000, everyMs: 10 });
    await answers("/instance/health", 200);
    await until(
      async () => (await t.expect<{ status: string }>(200, "GET", "/instance/health")).status === "ok",
      { what: "the provisioner to be seen again", deadlineMs: 10_000, everyMs: 50 },
    );
    await reader?.cancel();
    await work.close();
    await presence.close();
  });

  test("what was accepted before it went away is delivered after it is back", async () => {
    const accepted = await createTenant(t);
    await server.stop();
    await server.start();
    await untilStatusLater(accepted.tenant.slug, "creating");
  });

  test("services start, and are well once it is there", async () => {
    await server.stop();
    const late = createServices({
      ...noMail,
      settings: { domain: "localhost", httpPort: 80 },
      logins: databases.logins,
      keys,
      redis: inject("redis"),
      limits: noLimits,
      log,
    });
    late.start();
    const call = async (path: string) =>
      (
        await late.fetch(
          new Request(`http://localhost${path}`, { headers: { authorization: `Bearer ${apiKey}` } }),
        )
      ).status;
    expect(await call("/tenant/v1/tenants")).toBe(503);
    await server.start();
    await until(async () => (await call("/tenant/v1/tenants")) === 200, {
      what: "the services to be well",
      deadlineMs: 30_000,
      everyMs: 50,
    });
    await late.stop();
  });

  async function untilStatusLater(slug: string, status: string): Promise<void> {
    await until(
      async () => {
        const response = await t.call("GET", `/tenant/v1/tenants/${slug}`);
        return response.status === 200 && ((await response.json()) as TenantAnswer).tenant.status === status;
      },
      { what: `tenant ${slug} to be ${status}`, deadlineMs: 30_000, everyMs: 50 },
    );
  }
});
