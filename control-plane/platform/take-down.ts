import { readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { dataPaths, projectRoot } from "../paths.ts";
import { ensureSecrets } from "../secrets.ts";
import type { Settings } from "../settings.ts";
import type { PlatformArgs } from "./bring-up.ts";
import { ofEnvironment } from "./docker.ts";
import { firewallPlan } from "./firewall/plan.ts";
import { removeFirewall } from "./firewall/remove.ts";
import { makeInputs } from "./inputs.ts";
import { alone } from "./lock.ts";
import { endResetting } from "./reset/resetting.ts";
import { createRun } from "./run.ts";
import { PlatformStack } from "./stack.ts";
import { stopAll } from "./stopped.ts";

/** Stops the platform's containers and tenants', and removes the firewall's rules; `bringUp` starts again what ran. */
export async function takeDown(args: Omit<PlatformArgs, "tools">): Promise<void> {
  const { settings, env, progress } = args;
  const run = createRun(env);
  await alone(settings.dataDir, waits(progress), async () => {
    await stopAll(run, settings, progress);
    await removeFirewall(run, firewallPlan(settings));
  });
}

/**
 * Takes the platform down so that nothing stays: containers, network, volumes (all tenants' data!), firewall and the data folder.
 * Safe to run again after an interruption.
 */
export async function purge(args: PlatformArgs): Promise<void> {
  const { settings, tools, env, progress } = args;
  const run = createRun(env);
  await alone(settings.dataDir, waits(progress), async () => {
    await ensureSecrets(settings);
    const names = await ofEnvironment(run, "container", settings.env);
    progress(`removing ${names.length} containers, the network, the volumes and ${settings.dataDir}`);
    if (names.length > 0) await run("docker", ["rm", "--force", "--volumes", ...names]);
    // Nothing is made from this config: tools are not missed, and any user will do.
    const inputs = await makeInputs({ ...settings, tools: [] }, tools, run);
    const nobody = { uid: "0", gid: "0" };
    const stack = new PlatformStack(settings, tools, run, env.PATH ?? "");
    await stack.open({
      ...inputs,
      postgres: { ...inputs.postgres, ...nobody },
      redis: { ...inputs.redis, ...nobody },
    });
    await stack.destroy();
    const volumes = await ofEnvironment(run, "volume", settings.env);
    if (volumes.length > 0) await run("docker", ["volume", "rm", ...volumes]);
    await removeFirewall(run, firewallPlan(settings));
    await removeData(settings);
  });
}

const waits = (progress: PlatformArgs["progress"]) => () =>
  progress("another run works on this platform; waiting for it");

/**
 * Removes what Berth put into the data folder, and the folder itself unless something else is in it; before that the
 * configs that `berth env` wrote of this environment's tenants, whose own are in the data folder.
 */
async function removeData(settings: Settings): Promise<void> {
  const paths = dataPaths(settings.dataDir);
  const configs = (await readdir(paths.stacks).catch(() => [])).filter((name) => /^Pulumi\.ten_/.test(name));
  for (const name of configs) await rm(join(projectRoot, name), { force: true });
  const own = [paths.secrets, paths.pgpass, paths.platformState, paths.platformOutputs, paths.pulumiHome];
  const folders = [paths.services, paths.stacks, paths.mail, paths.log, paths.run, paths.platform];
  await endResetting(settings.dataDir);
  for (const path of [...own, ...folders]) await rm(path, { recursive: true, force: true });
  await rmdir(settings.dataDir).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTEMPTY" && error.code !== "ENOENT") throw error;
  });
}
