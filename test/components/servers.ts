import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Server } from "../../components/provider/postgres.ts";
import { type RedisServer, withRedis } from "../../components/provider/redis.ts";
import { until } from "../../control-plane/until.ts";
import { freePorts } from "../support/free-ports.ts";
import { testTools } from "../support/platform.ts";
import { startServer, type TestServer } from "../support/postgres.ts";

const exec = promisify(execFile);
export const docker = async (...args: string[]) => (await exec("docker", args)).stdout.trim();

/** A name for what a test makes in the engine. */
export const uniqueName = (what: string) => `berth-t-comp-${what}-${randomBytes(4).toString("hex")}`;

export interface Postgres {
  server: TestServer;
  /** The provider's view of it: a URL with no password, and a password file. */
  as(user: string, database: string): Server;
  remove(): Promise<void>;
}

export async function startPostgres(): Promise<Postgres> {
  const { images } = await testTools();
  const server = await startServer(images.postgres.ref);
  const dir = await mkdtemp(join(tmpdir(), "berth-comp-"));
  const passFile = join(dir, "pgpass");
  await writeFile(passFile, `*:*:*:*:${server.password}\n`, { mode: 0o600 });
  return {
    server,
    as: (user, database) => ({ url: `postgres://${user}@127.0.0.1:${server.port}/${database}`, passFile }),
    async remove() {
      await server.remove();
      await rm(dir, { recursive: true });
    },
  };
}

/** Makes the database that stands for Odoo's template: its objects belong to a role that cannot log in. */
export async function makeTemplate({ server }: Postgres, name: string): Promise<void> {
  await server.sql("CREATE ROLE odoo_template_objects NOLOGIN");
  await server.sql(`CREATE DATABASE ${name}`);
  const tables = await readFile(new URL("odoo-like.sql", import.meta.url), "utf8");
  await server.sql(
    `SET ROLE odoo_template_objects; RESET ROLE; GRANT CREATE ON SCHEMA public TO odoo_template_objects;
    SET ROLE odoo_template_objects; ${tables}`,
    undefined,
    name,
  );
}

export interface Redis {
  traefik: RedisServer;
  stop(): Promise<void>;
  start(): Promise<void>;
  remove(): Promise<void>;
}

export async function startRedis(): Promise<Redis> {
  const { images } = await testTools();
  const [port] = await freePorts(1);
  const dir = await mkdtemp(join(tmpdir(), "berth-comp-"));
  const passwordFile = join(dir, "password");
  const password = randomBytes(12).toString("hex");
  await writeFile(passwordFile, password, { mode: 0o600 });
  const name = uniqueName("redis");
  await docker(
    ...[
      "run",
      "--detach",
      "--name",
      name,
      "--label",
      "berth.env=t-comp",
      "--publish",
      `127.0.0.1:${port}:6379`,
    ],
    ...[images.redis.ref, "redis-server", "--requirepass", password],
  );
  const traefik = { url: `redis://127.0.0.1:${port}`, passwordFile };
  const answers = () =>
    withRedis(traefik, (redis) => redis.ping()).then(
      () => true,
      () => false,
    );
  const ready = () => until(answers, { what: "Redis of the tests", deadlineMs: 20_000, everyMs: 50 });
  await ready();
  return {
    traefik,
    async stop() {
      await docker("stop", "--time", "0", name);
    },
    async start() {
      await docker("start", name);
      await ready();
    },
    async remove() {
      await docker("rm", "--force", "--volumes", name);
      await rm(dir, { recursive: true });
    },
  };
}
