// PostgreSQL on a disk that is filled, and freed again.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type Database, openDatabase } from "../../control-plane/database.ts";
import { putTemplate } from "../../control-plane/instance/put-template.ts";
import { createWake } from "../../control-plane/instance/queue.ts";
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
} from "./support.ts";

const exec = promisify(execFile);
const sizeMb = 260;

let server: TestServer;
let databases: TestDatabases;
let services: Services;
let database: Database;
const { log, text: logged } = captureLog();

beforeAll(async () => {
  server = await startServer(inject("postgresImage"), [
    "--tmpfs",
    `/var/lib/postgresql/data:size=${sizeMb}m`,
  ]);
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
  const worker = {
    db: database.db,
    box: createSecretsBox(keys.instance.stackSecrets),
    wake: createWake(database.db),
    ended: () => undefined,
  };
  await putTemplate(worker, { ...catalogue, worker: "test" });
});
afterAll(async () => {
  await services?.stop();
  await database?.close();
  await server?.remove();
});

/** A file on PostgreSQL's disk that takes all the room there is; `dd` ends with an error when it has. */
const fill = "dd if=/dev/zero of=/var/lib/postgresql/data/filler bs=64k 2>/dev/null || true";
const free = "rm -f /var/lib/postgresql/data/filler";
const inside = (script: string) => exec("docker", ["exec", server.container, "sh", "-c", script]);

function call(method: string, path: string, body?: unknown): Promise<Response> {
  const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };
  const request = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };
  return Promise.resolve(services.fetch(new Request(`http://localhost${path}`, request)));
}

const create = () => call("POST", "/tenant/v1/tenants", newTenantBody(freshSlug()));

test("writes that find no room are 503 with a sentence, reads go on, and all goes on once there is room", async () => {
  expect((await create()).status).toBe(202);
  await inside(fill);
  const refused: Problem[] = [];
  await until(
    async () => {
      const answer = await create();
      if (answer.status === 202) return false;
      const problem = (await answer.json()) as Problem;
      expect(problem, JSON.stringify(problem)).toMatchObject({ status: 503, code: "database_unavailable" });
      expect(answer.headers.get("retry-after")).toMatch(/^\d+$/);
      refused.push(problem);
      // Small writes still find room for a while in pages that are there.
      return refused.length >= 5;
    },
    { what: "writes to be refused", deadlineMs: 25_000, everyMs: 0 },
  );
  const sentences = new Set(refused.map(({ detail }) => detail));
  expect([...sentences]).toContain(
    "PostgreSQL's disk is full. Nothing was changed; try again once whoever runs Berth has made room.",
  );
  expect((await call("GET", "/tenant/v1/tenants")).status).toBe(200);
  for (const service of ["user", "tenant", "instance"])
    expect((await call("GET", `/${service}/health`)).status).toBe(200);
  await inside(free);
  await until(async () => (await create()).status === 202, {
    what: "writes to go on",
    deadlineMs: 20_000,
    everyMs: 100,
  });
  expect(logged()).not.toContain("unexpected error");
});
