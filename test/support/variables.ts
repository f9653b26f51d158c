import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRun } from "../../control-plane/platform/run.ts";
import { portVariables } from "../../control-plane/ports.ts";
import { freePorts } from "./free-ports.ts";
import { freeSubnet } from "./free-subnet.ts";

/**
 * `BERTH_*` variables of a new environment: free ports, a free subnet and a data folder of its own, without tools.
 * @param more others than the usual
 */
export async function ownVariables(
  env: string,
  more: Record<string, string> = {},
): Promise<Record<string, string>> {
  const ports = await freePorts(portVariables.length);
  return {
    BERTH_ENV: env,
    BERTH_TOOLS: "none",
    ...Object.fromEntries(portVariables.map((variable, n) => [variable, `${ports[n]}`])),
    BERTH_TENANT_SUBNET: await freeSubnet(createRun(process.env)),
    BERTH_DATA_DIR: more.BERTH_DATA_DIR ?? (await mkdtemp(join(tmpdir(), `berth-${env}-`))),
    ...more,
  };
}
