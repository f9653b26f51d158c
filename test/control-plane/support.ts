import { randomBytes } from "node:crypto";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, inject } from "vitest";
import { type Database, openDatabase } from "../../control-plane/database.ts";
import { type LimitTable, limits } from "../../control-plane/http/limits.ts";
import type { InstanceContext } from "../../control-plane/instance/context.ts";
import { putTemplate } from "../../control-plane/instance/put-template.ts";
import { createWake } from "../../control-plane/instance/queue.ts";
import { createSecretsBox } from "../../control-plane/instance/secrets-box.ts";
import { deriveKeys } from "../../control-plane/keys.ts";
import { createLog } from "../../control-plane/observability/log.ts";
import { createServices, type Services, type ServicesOptions } from "../../control-plane/services.ts";
import { createUserClient } from "../../control-plane/user/client.ts";
import { cloneDatabases, connectServer, type TestDatabases } from "../support/postgres.ts";
import { type Staff, seedStaff } from "../support/seed-staff.ts";

/** A key of the platform's staff, which every file's services know. */
export const apiKey = "berth_the-key-of-the-tests";
const key = randomBytes(32).toString("base64");
export const keys = deriveKeys(key);

/** For services of whose mails a test wants to know nothing. */
export const noMail: Pick<ServicesOptions, "mailer"> = {
  mailer: { send: async () => undefined, close: () => undefined },
};

/** For tests that are about something else than limits of rate. */
export const noLimits = Object.fromEntries(
  Object.entries(limits).map(([name, limit]) => [name, { ...limit, points: 1_000_000 }]),
) as LimitTable;

/** Everything that was logged, as one text. */
export function captureLog() {
  const stream = new PassThrough();
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  return { log: createLog({ env: "t-svc", logLevel: "info" }, "test", stream), text: () => text };
}

export interface TestServices {
  databases: TestDatabases;
  services: Services;
  /** The provisioner's side: what a worker does is done by its own verbs. */
  worker: InstanceContext;
  logged(): string;
  /** Who {@link apiKey} belongs to. */
  staff: Staff;
  /** Headers of the tenant service when it asks the instance service. */
  asService: Record<string, string>;
  /** Sends a request to all three services; JSON unless `headers` say otherwise. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** The same, and its answer read. Throws when the status is another one. */
  expect<T = Record<string, never>>(
    status: number,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<T>;
  /** Rows of a service's own database, as the superuser. */
  rows<Row extends Record<string, unknown> = Record<string, unknown>>(
    service: "tenant" | "instance" | "auth",
    sql: string,
    values?: unknown[],
  ): Promise<Row[]>;
}

/**
 * Services over databases of the file's own, started before its tests and gone after them.
 * @param makeDatabases makes them, if they are not to be empty
 */
export function withServices(
  options: Partial<ServicesOptions> = {},
  makeDatabases = () => cloneDatabases(connectServer(inject("postgres"))),
): TestServices {
  const test = {} as TestServices;
  let database: Database;
  beforeAll(async () => {
    const databases = await makeDatabases();
    const { log, text } = captureLog();
    const services = createServices({
      settings: { domain: "localhost", httpPort: 80 },
      logins: databases.logins,
      keys,
      redis: inject("redis"),
      limits: noLimits,
      ...noMail,
      log,
      probe: async () => ({ status: "up", ms: 1, detail: "The login page answers." }),
      ...options,
    });
    database = openDatabase({ login: databases.logins.instance, name: "test worker", log });
    const worker = {
      db: database.db,
      box: createSecretsBox(keys.instance.stackSecrets),
      wake: createWake(database.db),
      ended: () => undefined,
    };
    Object.assign(test, { databases, services, worker, logged: text });
    test.staff = await seedStaff((sql, values) => test.rows("auth", sql, values), apiKey);
    test.asService = await serviceHeaders(services);
    await putTemplate(worker, { ...catalogue, worker: "test" });
    services.start();
  });
  afterAll(async () => {
    await test.services?.stop();
    await database?.close();
    await test.databases?.drop();
  });
  test.call = async (method, path, body, headers = {}) => {
    const text = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
    const all = new Headers({
      authorization: `Bearer ${apiKey}`,
      ...(text === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    });
    for (const [name, value] of Object.entries(headers)) if (value === "") all.delete(name);
    return test.services.fetch(new Request(`http://localhost${path}`, { method, headers: all, body: text }));
  };
  test.expect = async <T>(status: number, ...args: Parameters<TestServices["call"]>) => {
    const response = await test.call(...args);
    const text = await response.text();
    if (response.status !== status) {
      throw new Error(
        `${args[0]} ${args[1]} answered ${response.status}, not ${status}: ${text}\n${test.logged().slice(-2_000)}`,
      );
    }
    return JSON.parse(text) as T;
  };
  test.rows = async <Row extends Record<string, unknown>>(
    service: "tenant" | "instance" | "auth",
    sql: string,
    values: unknown[] = [],
  ) => (await test.databases.server.sql(sql, values, test.databases.names[service])) as Row[];
  return test;
}

/** Headers of the tenant service when it asks the instance service. */
export async function serviceHeaders(
  services: Pick<Services, "fetch">,
  audience: "user" | "tenant" | "instance" = "instance",
): Promise<Record<string, string>> {
  const client = createUserClient({
    baseUrl: "http://localhost",
    service: "tenant",
    secret: keys.tenant.service,
    fetch: async (input, init) => services.fetch(new Request(input, init)),
  });
  return { authorization: `Bearer ${await client.serviceToken(audience)}` };
}

export const catalogue = {
  name: "odoo_template_test",
  odooVersion: "19.0",
  modules: ["base", "web", "crm", "sale_management"],
  languages: ["en_US", "fr_FR", "de_DE"],
  countries: ["FR", "DE", "GB"],
};

/** Answer of the tenant service. */
export interface TenantAnswer {
  tenant: { id: string; slug: string; name: string; status: string; url: string; stack: string };
  operation: { id: string; kind: string; status: string; error: { code: string; message: string } | null };
  admin: { email: string; password?: string };
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  requestId: string;
  errors?: Array<{ path: string; message: string }>;
}

export function newTenantBody(slug: string, more: Record<string, unknown> = {}) {
  return { slug, name: "Acme Ltd", admin: { email: "ada@acme.example" }, ...more };
}

/** A slug no other test of the run has. */
export function freshSlug(prefix = "t"): string {
  return `${prefix}-${randomBytes(5).toString("hex")}`;
}
