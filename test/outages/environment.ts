// A platform of this folder's own. Its control plane is not the supervisor's: the tests run each service themselves.
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

const run = promisify(execFile);

export default async function setup(project: TestProject) {
  const [http, admin, postgres, redis, user, tenant, instance] = await freePorts(7);
  const dataDir = await mkdtemp(join(tmpdir(), "berth-outages-"));
  const berthEnv: Record<string, string> = {
    BERTH_ENV: `out-${process.pid % 100_000}`,
    BERTH_SERVICES: "apart",
    BERTH_USER_PORT: `${user}`,
    BERTH_TENANT_PORT: `${tenant}`,
    BERTH_INSTANCE_PORT: `${instance}`,
    BERTH_HTTP_PORT: `${http}`,
    BERTH_TRAEFIK_ADMIN_PORT: `${admin}`,
    BERTH_POSTGRES_PORT: `${postgres}`,
    BERTH_REDIS_PORT: `${redis}`,
    BERTH_TENANT_SUBNET: await freeSubnet(createRun(process.env)),
    BERTH_DATA_DIR: dataDir,
    BERTH_RESERVE: "3",
    BERTH_ENGINES_AHEAD: "3",
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
    await berth("stop");
  } catch (error) {
    await down();
    throw error;
  }
  project.provide("berthEnv", berthEnv);
  return down;
}
