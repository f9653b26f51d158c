import { rm } from "node:fs/promises";
import { bringUp, type PlatformArgs } from "../../control-plane/platform/bring-up.ts";
import type { PlatformOutputs } from "../../control-plane/platform/outputs.ts";
import { createRun, type Run } from "../../control-plane/platform/run.ts";
import { purge } from "../../control-plane/platform/take-down.ts";
import { parseSettings, type Settings } from "../../control-plane/settings.ts";
import { createProgress } from "../../toolchain/progress.ts";
import { parseToolchainSettings } from "../../toolchain/settings.ts";
import { setup, type Tools } from "../../toolchain/setup.ts";
import { ownVariables } from "./variables.ts";

export interface TestPlatform {
  settings: Settings;
  /** `BERTH_*` variables of the environment, for child processes. */
  variables: Record<string, string>;
  tools: Tools;
  platform: PlatformOutputs;
  /** What `bringUp` and `purge` take. */
  args: PlatformArgs;
  /** Everything that was told while it came up. */
  told: string[];
  run: Run;
  /** Removes all of it: containers (tenants' too), network, volumes, firewall rules, data folder. */
  down(): Promise<void>;
}

/** What set-up made ready. Everything comes from the cache when `make setup` ran before. */
export function testTools(): Promise<Tools> {
  const progress = createProgress({ write: (text) => process.stderr.write(text), terminal: false });
  return setup({ ...parseToolchainSettings(process.env), progress });
}

/** Settings of a new environment: free ports, a free subnet and a data folder of its own. */
export async function testSettings(
  env: string,
  more: Record<string, string> = {},
): Promise<{ variables: Record<string, string>; settings: Settings }> {
  const variables = await ownVariables(env, more);
  return { variables, settings: parseSettings(variables) };
}

/** Brings up a platform for one test file. Whatever happens, nothing of it stays after `down`. */
export async function startPlatform({
  env,
  more,
}: {
  env: string;
  /** Other variables than the usual. */
  more?: Record<string, string>;
}): Promise<TestPlatform> {
  const tools = await testTools();
  const { variables, settings } = await testSettings(env, more);
  const told: string[] = [];
  const args = { settings, tools, env: process.env, progress: (text: string) => void told.push(text) };
  const down = async () => {
    await purge(args);
    await rm(settings.dataDir, { recursive: true, force: true });
  };
  try {
    const platform = await bringUp(args);
    return { settings, variables, tools, platform, args, told, run: createRun(process.env), down };
  } catch (error) {
    await down();
    throw error;
  }
}
