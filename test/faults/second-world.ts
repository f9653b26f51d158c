import { rm } from "node:fs/promises";
import { join } from "node:path";
import { dataPaths, projectRoot } from "../../control-plane/paths.ts";
import type { Settings } from "../../control-plane/settings.ts";
import { until } from "../../control-plane/until.ts";
import { type SecondEngine, secondEngine } from "../support/engine.ts";
import { testSettings, testTools } from "../support/platform.ts";

export interface Tenant {
  slug: string;
  database: string;
  container: string;
  password: string;
  operation: string;
}

export interface Operation {
  status: string;
  error: { code: string; message: string } | null;
  steps: Array<{ name: string; status: string }>;
}

interface Answer {
  status: number;
  body: unknown;
}

const email = "admin@faults.example";
const finals = ["succeeded", "failed", "cancelled"];

/** A whole Berth on an engine of its own, in a network namespace of its own. */
export class SecondWorld {
  readonly engine: SecondEngine;
  readonly settings: Settings;

  private constructor(engine: SecondEngine, settings: Settings) {
    this.engine = engine;
    this.settings = settings;
  }

  static async open(name: string): Promise<SecondWorld> {
    const { images } = await testTools();
    const { variables, settings } = await testSettings(name);
    const env = { ...process.env, ...variables, BERTH_RESERVE: "1", BERTH_WORKERS: "2" };
    // Those of the tools do not fit on its disk, and are not needed.
    const refs = [images.odoo, images.postgres, images.redis, images.traefik].map(({ ref }) => ref);
    const world = new SecondWorld(await secondEngine(name, refs, env), settings);
    try {
      await world.berth("start");
      await world.berth("staff");
      return world;
    } catch (error) {
      await world.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    try {
      await this.berth("stop");
    } finally {
      await this.engine.close().finally(() => rm(this.settings.dataDir, { recursive: true, force: true }));
      await rm(join(projectRoot, "stacks/platform", `Pulumi.${this.settings.env}.yaml`), { force: true });
    }
  }

  berth(...args: string[]): Promise<string> {
    return this.engine.inside(join(projectRoot, "bin/berth"), args);
  }

  /** The API, asked from inside the namespace. */
  async api(method: string, path: string, body?: unknown): Promise<Answer> {
    const key = `header = "Authorization: Bearer $(cat ${dataPaths(this.settings.dataDir).apiKey})"`;
    const data = body === undefined ? [] : ["-d", JSON.stringify(body)];
    const args = [
      ...["-sS", "-m", "20", "-X", method, "-w", "\n%{http_code}", "-H", "Content-Type: application/json"],
      ...[...data, `http://127.0.0.1:${this.settings.apiPort}${path}`],
    ];
    // The key reaches curl by a file descriptor, as it would from an operator's shell.
    const script = `exec curl --config <(echo "${key.replaceAll('"', '\\"')}") "$@"`;
    const text = await this.engine.inside("bash", ["-c", script, "curl", ...args]);
    const lines = text.trimEnd().split("\n");
    const status = Number(lines.pop());
    return { status, body: JSON.parse(lines.join("\n") || "null") as unknown };
  }

  ask(slug: string): Promise<Answer> {
    return this.api("POST", "/tenant/v1/tenants", { slug, name: slug, admin: { email } });
  }

  async create(slug: string): Promise<Tenant> {
    const { status, body } = await this.ask(slug);
    if (status !== 202) throw new Error(`${slug} was not accepted: ${status} ${JSON.stringify(body)}`);
    return this.tenant(slug, body);
  }

  /** What a request was answered with when it was accepted. */
  tenant(slug: string, body: unknown): Tenant {
    const answer = body as {
      tenant: { id: string };
      operation: { id: string };
      admin: { password: string };
    };
    const { tenant, operation, admin } = answer;
    return {
      ...{ slug, password: admin.password, operation: operation.id },
      database: `${tenant.id}_production`,
      container: `berth-${this.settings.env}-${tenant.id}-production`,
    };
  }

  async remove({ slug }: Tenant): Promise<Operation> {
    const { body } = await this.api("DELETE", `/tenant/v1/tenants/${slug}`);
    return this.ended({ operation: (body as { operation: { id: string } }).operation.id });
  }

  /** Waits until an operation is as asked; the API may be away in between. */
  operation(
    { operation }: Pick<Tenant, "operation">,
    what: string,
    is: (operation: Operation) => boolean,
    deadlineMs = 180_000,
  ): Promise<Operation> {
    return until(
      async () => {
        const answer = await this.api("GET", `/instance/v1/operations/${operation}`).catch(() => undefined);
        const now = answer?.body as Operation;
        return answer?.status === 200 && is(now) ? now : undefined;
      },
      { what: `${what} of ${operation}`, deadlineMs, everyMs: 100 },
    );
  }

  ended(tenant: Pick<Tenant, "operation">): Promise<Operation> {
    return this.operation(tenant, "the end", ({ status }) => finals.includes(status));
  }

  /** Waits until an operation has begun a step. */
  begun(tenant: Tenant, step: string): Promise<Operation> {
    return this.operation(tenant, `step "${step}"`, ({ steps }) => steps.some(({ name }) => name === step));
  }

  /** Whether a person can log in to this tenant under its host name. */
  async logsIn({ slug, database, password }: Tenant): Promise<boolean> {
    const params = { service: "common", method: "login", args: [database, email, password] };
    const text = await this.engine.inside("curl", [
      ...["-s", "-m", "20", "-H", `Host: ${slug}.${this.settings.domain}`],
      ...["-H", "Content-Type: application/json"],
      ...["-d", JSON.stringify({ jsonrpc: "2.0", method: "call", params })],
      `http://127.0.0.1:${this.settings.httpPort}/jsonrpc`,
    ]);
    return /"result": ?\d+/.test(text);
  }

  untilLoggedIn(tenant: Tenant): Promise<boolean> {
    const check = () => this.logsIn(tenant).catch(() => false);
    return until(check, { what: `${tenant.slug} to serve`, deadlineMs: 90_000, everyMs: 250 });
  }

  /** Waits until every service says that it is well. PostgreSQL and Redis come back with the engine. */
  untilWell(): Promise<boolean> {
    const check = async () => {
      const asked = ["user", "tenant", "instance"].map((service) => this.api("GET", `/${service}/health`));
      const answers = await Promise.all(asked).catch(() => []);
      const well = answers.filter(({ body }) => (body as { status?: string } | null)?.status === "ok");
      return well.length === 3;
    };
    return until(check, { what: "the services to be well", deadlineMs: 90_000, everyMs: 250 });
  }

  /** Containers, volumes, databases, roles and route keys, by name. */
  async inventory(): Promise<string[]> {
    const { env, redisPort, postgresPort } = this.settings;
    const docker = (...args: string[]) => this.engine.inside("docker", args);
    const sql = "select datname from pg_database union all select rolname from pg_roles";
    const lists = await Promise.all([
      docker("ps", "-a", "--format", "{{.Names}}"),
      docker("volume", "ls", "--format", "{{.Name}}"),
      docker(
        ...["exec", "--user", "postgres", `berth-${env}-postgres`],
        ...["psql", "-p", `${postgresPort}`, "-Atqc", sql],
      ),
      docker(
        ...["exec", `berth-${env}-redis`, "sh", "-c"],
        `REDISCLI_AUTH=$(sed -n 's/^requirepass //p' /etc/berth/redis.conf) redis-cli -p ${redisPort} --scan`,
      ),
    ]);
    // What the services count and remember in Redis comes and goes by itself.
    const isOurs = (name: string) => name !== "" && !name.startsWith("berth:");
    return lists.join("\n").split("\n").filter(isOurs).toSorted();
  }
}
