import { homedir } from "node:os";
import { dirname } from "node:path";
import { createLog } from "../observability/log.ts";
import { logWholeProcess } from "../observability/whole-process.ts";
import { startProvisioner } from "../provisioner/start.ts";
import type { Settings } from "../settings.ts";
import { askedToStop } from "./asked-to-stop.ts";
import type { CommandLine } from "./command-line.ts";
import { tools } from "./platform.ts";

/** Runs the provisioner in this process until it is asked to stop. */
export async function provision(args: CommandLine & { settings: Settings }): Promise<void> {
  const { settings, env } = args;
  const stop = askedToStop();
  const log = createLog(settings, "provisioner");
  logWholeProcess(log);
  const ready = await tools(args);
  const provisioner = await startProvisioner({
    settings,
    tools: { pulumi: ready.pulumi, node: dirname(ready.node) },
    env: { PATH: env.PATH ?? "", HOME: env.HOME ?? homedir(), DOCKER_HOST: env.DOCKER_HOST },
    log,
  });
  log.info({ reason: await stop }, "stopping");
  await provisioner.stop();
}
