import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { configFile, writeConfigFile } from "../../stacks/tenant/config-file.ts";
import { parse, type TenantConfig } from "../../stacks/tenant/contract.ts";
import type { StackRecord } from "../instance/read-stack.ts";
import type { Deps, Work } from "./deps.ts";
import type { EngineResult } from "./engine/protocol.ts";
import { type RunOptions, runEngine } from "./engine-run.ts";
import { stackConfig } from "./stack-config.ts";

export interface UpOptions extends RunOptions {
  refresh?: boolean;
  databaseOnly?: boolean;
}

/** One `pulumi up` of a stack, with the config that its record asks for. */
export async function upStack(
  deps: Deps,
  work: Work,
  stack: StackRecord,
  { refresh, databaseOnly, ...options }: UpOptions,
): Promise<EngineResult> {
  const config = await writeConfig(deps, stack, databaseOnly);
  return runEngine(deps, work, { command: "up", tenantId: stack.tenantId, config, refresh }, options);
}

/** Writes the stack's config file beside the others and gives the config as the program takes it. */
export async function writeConfig(
  deps: Deps,
  stack: StackRecord,
  databaseOnly?: boolean,
): Promise<TenantConfig> {
  if (!stack.salt) throw new Error(`The stack ${stack.tenantId} has no salt.`);
  const crypter = await deps.crypters.forSalt(stack.salt);
  const config = stackConfig(stack, { platform: deps.platform, settings: deps.settings, databaseOnly });
  await writeConfigFile(
    deps.workDir,
    stack.tenantId,
    configFile({ config, salt: stack.salt, encrypt: crypter.encrypt }),
  );
  return parse(config);
}

/**
 * Removes a stack's config file from our folder and from the project's, where the CLI's is written, and what a
 * killed write of one has left beside it.
 */
export async function removeConfig(folders: string[], tenantId: string): Promise<void> {
  for (const folder of folders) {
    const names = (await readdir(folder)).filter((name) => name.startsWith(`Pulumi.${tenantId}.yaml`));
    for (const name of names) await rm(join(folder, name), { force: true });
  }
}
