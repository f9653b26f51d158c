import { readFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import { sql } from "drizzle-orm";
import pg from "pg";
import { inject } from "vitest";
import { ownCaller } from "../../control-plane/audit/write.ts";
import { connection, openDatabase } from "../../control-plane/database.ts";
import { newId } from "../../control-plane/ids.ts";
import type { CallerContext } from "../../control-plane/instance/context.ts";
import { putStack } from "../../control-plane/instance/put-stack.ts";
import { createWake } from "../../control-plane/instance/queue.ts";
import { readStack } from "../../control-plane/instance/read-stack.ts";
import { createSecretsBox } from "../../control-plane/instance/secrets-box.ts";
import type { StackSpec } from "../../control-plane/instance/spec.ts";
import { deriveKeys } from "../../control-plane/keys.ts";
import { readLogin } from "../../control-plane/login.ts";
import { createLog, type Logger } from "../../control-plane/observability/log.ts";
import { dataPaths, type Login } from "../../control-plane/paths.ts";
import { createRun } from "../../control-plane/platform/run.ts";
import type { Limits } from "../../control-plane/provisioner/deps.ts";
import { startProvisioner } from "../../control-plane/provisioner/start.ts";
import { databaseUrl } from "../../control-plane/pulumi-env.ts";
import { parseSettings } from "../../control-plane/settings.ts";
import { until } from "../../control-plane/until.ts";
import { names } from "../../stacks/tenant/names.ts";

const variables = inject("provisionerVariables");
export const settings = parseSettings(variables);
export const paths = dataPaths(settings.dataDir);
export const run = createRun(process.env);

/** Log of the code under test: only what is wrong, and that only when asked for. */
export const log: Logger = createLog(
  { env: settings.env, logLevel: process.env.DEBUG ? "debug" : "fatal" },
  "test",
);

/** A provisioner inside this process. */
export function provisioner(
  limits: Partial<Limits> = {},
  options: { dockerHost?: string; log?: Logger; path?: string } = {},
) {
  const docker = options.dockerHost === undefined ? {} : { DOCKER_HOST: options.dockerHost };
  return startProvisioner({
    settings,
    tools: inject("provisionerTools"),
    env: { PATH: options.path ?? process.env.PATH ?? "", HOME: process.env.HOME ?? "", ...docker },
    log: options.log ?? log,
    limits: { readyMs: 60_000, ...limits },
  });
}

/** A log and all that was written to it. */
export function keptLog() {
  const stream = new PassThrough();
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  return { log: createLog({ env: settings.env, logLevel: "warn" }, "test", stream), text: () => text };
}

/** The record as the services see it. */
export async function openRecord() {
  const { db, close } = openDatabase({
    login: await readLogin(settings, "instance_run", "instance"),
    name: "test",
    log,
  });
  const box = createSecretsBox(deriveKeys(readFileSync(paths.key, "utf8").trim()).instance.stackSecrets);
  const caller = ownCaller("test", "test");
  const ctx: CallerContext = { db, box, wake: createWake(db), ended: () => undefined, caller };
  return new TestRecord(ctx, close);
}

export interface Ended {
  status: string;
  error: { code: string; message: string } | null;
  attempt: number;
}

/** Any hash of Odoo's form: nobody logs in with it. */
const hash = `$pbkdf2-sha512$1000$${"c2FsdA".repeat(4)}$${"a".repeat(86)}`;

export class TestRecord {
  readonly ctx: CallerContext;
  readonly close: () => Promise<void>;
  constructor(ctx: CallerContext, close: () => Promise<void>) {
    this.ctx = ctx;
    this.close = close;
  }

  /** Asks for a tenant as the tenant service does. */
  async want(
    slug: string,
    options: {
      hosts?: string[];
      odoo?: Partial<StackSpec["odoo"]>;
      tenantId?: string;
      revision?: number;
    } = {},
  ) {
    const tenantId = options.tenantId ?? (await this.reserved()) ?? newId("ten");
    const operation = newId("op");
    const hosts = options.hosts ?? [`${slug}.localhost`];
    const spec: StackSpec = {
      version: 1,
      company: slug,
      admin: { email: "admin@test.example" },
      odoo: { modules: [], lang: "en_US", country: null, demo: false, ...options.odoo },
      instances: { production: { hosts, baseUrl: `http://${hosts[0]}:${settings.httpPort}` } },
    };
    const revision = options.revision ?? 1;
    await putStack(this.ctx, {
      tenantId,
      request: {
        desired: "present",
        organization: null,
        operation,
        revision,
        slug,
        actor: "test",
        spec,
        adminPasswordHash: hash,
      },
    });
    return { tenantId, operation, slug, ...names(tenantId, "production", settings.env) };
  }

  /** Asks for its removal. Gives the operation. */
  async unwant(tenantId: string): Promise<string> {
    const { revision, slug } = await readStack(this.ctx, tenantId);
    const operation = newId("op");
    await putStack(this.ctx, {
      tenantId,
      request: {
        desired: "absent",
        organization: null,
        operation,
        revision: revision + 1,
        slug: slug ?? "gone",
        actor: "test",
      },
    });
    return operation;
  }

  /** Waits for the end of an operation, whatever it is. */
  ended(operation: string, deadlineMs = 120_000): Promise<Ended> {
    return until(
      async () => {
        const { rows } = await this.ctx.db
          .execute<{ status: string; error: Ended["error"]; attempt: number }>(
            sql`select status, error, attempt from operations where id = ${operation}`,
          )
          .catch(() => ({ rows: [] }));
        return rows[0] && ["succeeded", "failed", "cancelled"].includes(rows[0].status) ? rows[0] : undefined;
      },
      { what: `operation ${operation}`, deadlineMs, everyMs: 25 },
    );
  }

  /** Steps in order. */
  async steps(operation: string) {
    const { rows } = await this.ctx.db.execute<{ name: string; status: string; detail: string | null }>(
      sql`select name, status, detail from operation_steps where operation_id = ${operation} order by position`,
    );
    return rows;
  }

  /** Waits until a step of that name is there. */
  async stepBegun(operation: string, name: RegExp): Promise<{ name: string; detail: string | null }> {
    return until(
      async () => (await this.steps(operation).catch(() => [])).find((step) => name.test(step.name)),
      { what: `step ${name} of ${operation}`, deadlineMs: 60_000, everyMs: 10 },
    );
  }

  private async reserved(): Promise<string | undefined> {
    const { rows } = await this.ctx.db.execute<{ id: string }>(
      sql`select tenant_id as id from stacks where status = 'reserved' and slug is null and salt is not null limit 1`,
    );
    return rows[0]?.id;
  }
}

/** A connection as one of our logins. */
export async function asLogin<T>(
  login: Login,
  database: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const url = databaseUrl(settings.platformDatabaseUrl, login, database);
  const password = readFileSync(paths.loginPassword(login), "utf8").trim();
  const client = new pg.Client(connection({ url, password }, "test"));
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** What there is of an instance, as docker and PostgreSQL tell it. */
export async function found(its: {
  tenantId: string;
  container: string;
  volume: string;
  database: string;
  role: string;
}) {
  const list = async (...args: string[]) => (await run("docker", args)).split("\n").filter(Boolean);
  const [containers, volumes] = await Promise.all([
    list("ps", "-a", "--format", "{{.Names}}", "--filter", `name=${its.container}`),
    list("volume", "ls", "-q", "--filter", `name=${its.volume}`),
  ]);
  const { rows } = await asLogin("provisioner", "postgres", (client) =>
    client.query<{ database: string; role: string }>(
      "select (select count(*) from pg_database where datname = $1) as database, (select count(*) from pg_roles where rolname = $2) as role",
      [its.database, its.role],
    ),
  );
  const routes = await asLogin("provisioner", "instance", (client) =>
    client.query<{ hosts: number }>("select count(*)::int as hosts from routing.hosts where tenant = $1", [
      its.tenantId,
    ]),
  );
  return {
    hosts: routes.rows[0]?.hosts,
    container: containers.length,
    volume: volumes.length,
    database: Number(rows[0]?.database),
    role: Number(rows[0]?.role),
  };
}
export const nothing = { hosts: 0, container: 0, volume: 0, database: 0, role: 0 };
export const everything = { hosts: 1, container: 1, volume: 1, database: 1, role: 1 };
