import pg from "pg";
import { expect } from "vitest";
import { withRedis } from "../../components/provider/redis.ts";
import { readSecret } from "../../control-plane/login.ts";
import { type DataPaths, dataPaths } from "../../control-plane/paths.ts";
import type { TestPlatform } from "../support/platform.ts";
import type { Tenant } from "./operator.ts";

/** What is there, seen without Pulumi. */
export interface Outside {
  paths: DataPaths;
  /** Output of a docker command. */
  docker(...args: string[]): Promise<string>;
  redis<T>(work: Parameters<typeof withRedis<T>>[1]): Promise<T>;
  /** One statement, as the login that may all. */
  sql<Row extends pg.QueryResultRow>(text: string, database?: string): Promise<Row[]>;
}

export function outside({ settings, platform, run }: TestPlatform): Outside {
  const paths = dataPaths(settings.dataDir);
  const traefik = { url: `redis://127.0.0.1:${platform.redis.port}`, passwordFile: paths.redisPassword };
  return {
    paths,
    docker: (...args) => run("docker", args),
    redis: (work) => withRedis(traefik, work),
    async sql(text, database = "postgres") {
      const password = await readSecret(paths.loginPassword("provisioner"));
      const at = { host: "127.0.0.1", port: settings.postgresPort, user: "provisioner" };
      const client = new pg.Client({ ...at, database, password });
      await client.connect();
      try {
        return (await client.query(text)).rows;
      } finally {
        await client.end();
      }
    },
  };
}

/** Fails the test when anything of a tenant is still there. */
export async function nothingLeft(platform: TestPlatform, { id, names }: Tenant): Promise<void> {
  const { docker, sql, redis } = outside(platform);
  const filter = ["--filter", `label=berth.tenant=${id}`];
  expect(await docker("ps", "--all", "--quiet", ...filter)).toBe("");
  expect(await docker("volume", "ls", "--quiet", ...filter)).toBe("");
  expect(await sql(`SELECT FROM pg_database WHERE datname = '${names.database}'`)).toEqual([]);
  expect(await sql(`SELECT FROM pg_roles WHERE rolname = '${names.role}'`)).toEqual([]);
  expect(await sql(`SELECT FROM routing.hosts WHERE tenant = '${id}'`, "instance")).toEqual([]);
  expect(await sql(`SELECT FROM routing.routers WHERE tenant = '${id}'`, "instance")).toEqual([]);
  expect(await redis((client) => client.keys(`*${id}*`))).toEqual([]);
}
