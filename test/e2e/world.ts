import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import pg from "pg";
import { inject } from "vitest";
import { type Api, ApiError, openApi } from "../../control-plane/cli/api.ts";
import { dataPaths, projectRoot } from "../../control-plane/paths.ts";
import { parseSettings, type Settings } from "../../control-plane/settings.ts";
import { until } from "../../control-plane/until.ts";

const run = promisify(execFile);

interface Tenant {
  id: string;
  slug: string;
  status: string;
  url: string;
}
interface Operation {
  id: string;
  kind: string;
  status: string;
  steps: Array<{ name: string; status: string }>;
  error: { code: string; message: string } | null;
}
export interface Made {
  tenant: Tenant;
  operation: Operation;
  admin: { email: string; password?: string };
  host: string;
  container: string;
  database: string;
}

/** The environment under test, and what a person has at hand to look at it. */
export interface World {
  env: Record<string, string>;
  settings: Settings;
  api: Api;
  create(body: { slug: string; name?: string; odoo?: Record<string, unknown> }): Promise<Made>;
  remove(slug: string): Promise<Operation>;
  ended(operationId: string): Promise<Operation>;
  /** Rows of a query as the superuser. */
  sql<T extends pg.QueryResultRow>(database: string, text: string, values?: unknown[]): Promise<T[]>;
  docker(...args: string[]): Promise<string>;
  redis(...args: string[]): Promise<string>;
  /** A command line in a shell that has evaluated `bin/berth env <slug>`, in the project's root. */
  cli(slug: string, command: string): Promise<{ code: number; output: string }>;
}

export async function openWorld(): Promise<World> {
  const env = inject("berthEnv");
  const settings = parseSettings(env);
  const paths = dataPaths(settings.dataDir);
  const api = await openApi(settings);
  const ended = (id: string) =>
    until(
      async () => {
        const now = await api<Operation>("GET", `/instance/v1/operations/${id}`).catch((error) => {
          if (error instanceof ApiError && error.status === 404) return undefined;
          throw error;
        });
        return now && ["succeeded", "failed", "cancelled"].includes(now.status) ? now : undefined;
      },
      { what: `operation ${id}`, deadlineMs: 300_000, everyMs: 50 },
    );
  return {
    env,
    settings,
    api,
    ended,
    async create({ slug, name = slug, odoo }) {
      const answer = await api<Pick<Made, "tenant" | "operation" | "admin">>("POST", "/tenant/v1/tenants", {
        slug,
        name,
        admin: { email: `admin@${slug}.example` },
        odoo,
      });
      const operation = await ended(answer.operation.id);
      if (operation.status !== "succeeded") throw new Error(`${slug}: ${JSON.stringify(operation)}`);
      const { id } = answer.tenant;
      return {
        ...answer,
        operation,
        host: new URL(answer.tenant.url).hostname,
        container: `berth-${settings.env}-${id}-production`,
        database: `${id}_production`,
      };
    },
    async remove(slug) {
      const { operation } = await api<{ operation: Operation }>("DELETE", `/tenant/v1/tenants/${slug}`);
      return ended(operation.id);
    },
    async sql(database, text, values) {
      const client = new pg.Client({
        host: "127.0.0.1",
        port: settings.postgresPort,
        user: "provisioner",
        password: (await readFile(paths.loginPassword("provisioner"), "utf8")).trim(),
        database,
      });
      await client.connect();
      try {
        return (await client.query(text, values)).rows;
      } finally {
        await client.end();
      }
    },
    docker: async (...args) => (await run("docker", args, { maxBuffer: 64 << 20 })).stdout.trim(),
    async redis(...args) {
      const password = (await readFile(paths.redisPassword, "utf8")).trim();
      const { stdout } = await run(
        "docker",
        [
          "exec",
          "-e",
          "REDISCLI_AUTH",
          `berth-${settings.env}-redis`,
          "redis-cli",
          "-p",
          `${settings.redisPort}`,
          ...args,
        ],
        {
          env: { ...process.env, REDISCLI_AUTH: password },
        },
      );
      return stdout.trim();
    },
    async cli(slug, command) {
      const script = `eval "$(bin/berth env ${slug})" && ${command}`;
      const options = { cwd: projectRoot, env: { ...process.env, ...env }, maxBuffer: 64 << 20 };
      const done = await run("bash", ["-ec", `${script} 2>&1`], options).catch(
        (error: { code?: number; stdout?: string }) => ({
          code: error.code ?? 1,
          stdout: error.stdout ?? "",
        }),
      );
      return { code: "code" in done ? done.code : 0, output: done.stdout };
    },
  };
}

/** Names of everything an environment consists of outside the record, sorted: equal before and after means no trace. */
export async function everything(world: World): Promise<string[]> {
  const { env } = world.settings;
  const filter = `label=berth.env=${env}`;
  const list = (text: string) => text.split("\n").filter((line) => line !== "");
  const [containers, volumes, databases, roles, keys, routes, addresses, stacks] = await Promise.all([
    world.docker("ps", "-a", "--filter", filter, "--format", "{{.Names}}").then(list),
    world.docker("volume", "ls", "--filter", filter, "--format", "{{.Name}}").then(list),
    world.sql<{ name: string }>("postgres", "SELECT datname AS name FROM pg_database"),
    world.sql<{ name: string }>("postgres", "SELECT rolname AS name FROM pg_roles"),
    world.redis("--raw", "keys", "*").then(list),
    world.sql<{ name: string }>("instance", "SELECT host AS name FROM routing.hosts"),
    world.sql<{ name: string }>(
      "instance",
      "SELECT host(address) AS name FROM instances WHERE address IS NOT NULL",
    ),
    // Stacks of the reserve come and go by themselves: a tenant's is told by its resources.
    world.sql<{ name: string }>(
      "pulumi",
      `SELECT key AS name FROM pulumi_state WHERE key LIKE '%/.pulumi/stacks/%.json'
         AND convert_from(decode(data->>'data', 'base64'), 'UTF8') LIKE '%postgresql:index/database%'`,
    ),
  ]);
  const named = (kind: string, rows: Array<{ name: string }>) => rows.map(({ name }) => `${kind} ${name}`);
  return [
    ...containers.map((name) => `container ${name}`),
    ...volumes.map((name) => `volume ${name}`),
    ...named("database", databases),
    ...named("role", roles),
    // What the services count and remember there comes and goes by itself.
    ...keys.filter((key) => !key.startsWith("berth:")).map((key) => `key ${key}`),
    ...named("host", routes),
    ...named("address", addresses),
    ...named("stack", stacks),
  ].toSorted();
}
