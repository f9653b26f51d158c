// One environment for all end-to-end tests, brought up and taken down by the product's own commands.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import { projectRoot } from "../../control-plane/paths.ts";
import { createRun } from "../../control-plane/platform/run.ts";
import { freePorts } from "../support/free-ports.ts";
import { freeSubnet } from "../support/free-subnet.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** `BERTH_*` variables of the environment under test. */
    berthEnv: Record<string, string>;
  }
}

const run = promisify(execFile);

export default async function setup(project: TestProject) {
  const [http, api, admin, postgres, redis, user, tenant, instance] = await freePorts(8);
  const isApart = project.name === "e2e-apart";
  const dataDir = await mkdtemp(join(tmpdir(), "berth-e2e-"));
  const berthEnv: Record<string, string> = {
    BERTH_ENV: `e2e${isApart ? "a" : "-"}${process.pid % 100_000}`,
    BERTH_SERVICES: isApart ? "apart" : "together",
    BERTH_USER_PORT: `${user}`,
    BERTH_TENANT_PORT: `${tenant}`,
    BERTH_INSTANCE_PORT: `${instance}`,
    BERTH_HTTP_PORT: `${http}`,
    BERTH_API_PORT: `${api}`,
    BERTH_TRAEFIK_ADMIN_PORT: `${admin}`,
    BERTH_POSTGRES_PORT: `${postgres}`,
    BERTH_REDIS_PORT: `${redis}`,
    BERTH_TENANT_SUBNET: await freeSubnet(createRun(process.env)),
    BERTH_DATA_DIR: dataDir,
  };
  const berth = (...args: string[]) =>
    run(join(projectRoot, "bin/berth"), args, { env: { ...process.env, ...berthEnv }, maxBuffer: 64 << 20 });
  const down = async () => {
    try {
      await berth("stop");
    } finally {
      await berth("platform", "down", "--purge");
      await rm(dataDir, { recursive: true, force: true });
    }
  };
  try {
    await berth("start");
    await berth("staff");
  } catch (error) {
    await down();
    throw error;
  }
  project.provide("berthEnv", berthEnv);
  return down;
}
