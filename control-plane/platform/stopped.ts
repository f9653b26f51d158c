import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Settings } from "../settings.ts";
import { writeWhole } from "../whole-file.ts";
import { containerNames, everyContainerName } from "./applied.ts";
import { containers, ofEnvironment } from "./docker.ts";
import type { Run } from "./run.ts";
import type { Progress } from "./tools.ts";

const fileOf = (settings: Settings) => join(settings.dataDir, "platform", "stopped.json");

/** Stops every container of the environment, tenants' first, and notes which were running. */
export async function stopAll(run: Run, settings: Settings, progress: Progress): Promise<void> {
  const parts = everyContainerName(settings.env);
  const running = (await containers(run, await ofEnvironment(run, "container", settings.env))).filter(
    (one) => one.running,
  );
  const tenants = running.map((one) => one.name).filter((name) => !parts.includes(name));
  const platform = parts.filter((name) => running.some((one) => one.name === name)).toReversed();
  // Those that were stopped before and not started since were running, too: whoever stops twice loses none.
  await writeWhole(fileOf(settings), JSON.stringify([...new Set([...(await noted(settings)), ...tenants])]));
  if (tenants.length > 0) {
    progress(`stopping ${tenants.length} tenants' containers`);
    await run("docker", ["stop", ...tenants]);
  }
  if (platform.length > 0) {
    progress("stopping the platform's containers");
    await run("docker", ["stop", "--time", "60", ...platform]);
  }
}

/** Starts the platform's containers that are there but do not run. */
export async function startParts(run: Run, settings: Settings, progress: Progress): Promise<void> {
  const parts = (await containers(run, containerNames(settings))).filter((one) => !one.running);
  await start(
    run,
    parts.map((one) => one.name),
    progress,
  );
}

/** Starts the tenants' containers that `stopAll` stopped. */
export async function startTenants(run: Run, settings: Settings, progress: Progress): Promise<void> {
  // One that was removed in between is not missed.
  const tenants = await containers(run, await noted(settings));
  await start(
    run,
    tenants.map((one) => one.name),
    progress,
  );
  await rm(fileOf(settings), { force: true });
}

/** Names of tenants' containers that were stopped and are to be started again. */
async function noted(settings: Settings): Promise<string[]> {
  const text = await readFile(fileOf(settings), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "[]";
    throw error;
  });
  return z.array(z.string()).parse(JSON.parse(text));
}

async function start(run: Run, names: string[], progress: Progress): Promise<void> {
  if (names.length === 0) return;
  progress(`starting what was stopped: ${names.join(", ")}`);
  await run("docker", ["start", ...names]);
}
