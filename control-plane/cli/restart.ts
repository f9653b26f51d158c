import { migrateAll } from "../migrate.ts";
import { containerOf, findPart, type PartName, partNames, partOf, processOf } from "../part-names.ts";
import { dataPaths } from "../paths.ts";
import { containers } from "../platform/docker.ts";
import { alone } from "../platform/lock.ts";
import { createRun } from "../platform/run.ts";
import { waitForServices } from "../platform/services-up.ts";
import { isToolPart, waitForToolPart } from "../platform/tools-up.ts";
import { fingerprint, type Settings, withoutSecrets } from "../settings.ts";
import { askSupervisor } from "../supervisor/ask.ts";
import { codeFingerprint } from "../supervisor/code.ts";
import type { CommandLine } from "./command-line.ts";
import { healthy } from "./healthy.ts";
import { launch } from "./launch.ts";
import { restartChildren } from "./restart-children.ts";
import { awaitStopped } from "./stop.ts";

type Args = CommandLine & { settings: Settings };

/**
 * Restarts the control plane, or one part of it or of the platform, so that it runs the code that is there now. Operations
 * that are under way are handed back and taken up again.
 */
export async function restart(args: Args, name?: string): Promise<void> {
  const part = name === undefined ? undefined : findPart("restart", name, partNames);
  const waits = () => args.say.line("  another run works on this environment; waiting for it");
  await alone(args.settings.dataDir, waits, () =>
    part !== undefined && partOf(part).runs === "container"
      ? restartContainer(args, part)
      : restartProcesses(args, part),
  );
}

async function restartProcesses(args: Args, part: PartName | undefined): Promise<void> {
  const { settings, say } = args;
  const socket = dataPaths(settings.dataDir).supervisorSocket;
  const running = await askSupervisor(socket, "status");
  if (!running)
    throw new Error(`The control plane of "${settings.env}" is not running. Start it with: bin/berth start`);
  const isOlder = running.code !== codeFingerprint() || running.settings !== fingerprint(settings);
  const one = part && processOf(settings, part);
  const names = one === undefined ? running.children.map(({ name }) => name) : [one];
  await say.part(`restart ${part ?? "the control plane"}`, async (detail) => {
    await migrateAll(settings);
    if (isOlder && part === undefined) {
      detail("the supervisor's own code or settings have changed: it is restarted as well");
      await askSupervisor(socket, "stop");
      await awaitStopped(settings, running.pid);
      await launch(args, running.watches);
    } else {
      if (one === "services" && part !== undefined)
        detail("the three services are one process here (BERTH_SERVICES=together)");
      await restartChildren(settings, names);
    }
    await healthy(settings);
  });
  say.line("Restarted, with the code that is there now. Operations that were under way go on by themselves.");
}

async function restartContainer({ settings, say, env }: Args, part: PartName): Promise<void> {
  const run = createRun(withoutSecrets(env));
  const name = containerOf(settings.env, part);
  const [found] = await containers(run, [name]);
  if (!found) throw new Error(notThere(settings, part));
  await say.part(`restart ${part}`, async () => {
    await run("docker", ["restart", "--time", "60", name]);
    await waitForServices(settings, 60_000);
    if (isToolPart(part)) await waitForToolPart(settings, part);
  });
  say.line(`The container ${name} is restarted. Its data are kept.`);
}

/** Why a part's container is not there, and what to do. */
export function notThere(settings: Settings, part: PartName): string {
  const { tool } = partOf(part);
  if (tool !== undefined && !settings.tools.includes(tool))
    return `"${part}" is not part of this environment: BERTH_TOOLS leaves ${tool} out.`;
  return `There is no container ${containerOf(settings.env, part)}. Bring the platform up: bin/berth platform up`;
}
