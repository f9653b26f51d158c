import { spawn } from "node:child_process";
import { openSync } from "node:fs";
import { join } from "node:path";
import { dataPaths } from "../paths.ts";
import { takenPort } from "../platform/taken-port.ts";
import { portsOf } from "../ports.ts";
import { serviceNames } from "../service-names.ts";
import type { Settings } from "../settings.ts";
import { askSupervisor } from "../supervisor/ask.ts";
import { until } from "../until.ts";
import { checkConfinement } from "./check-confinement.ts";
import type { CommandLine } from "./command-line.ts";

/** Parts whose ports are looked at here; those of the platform were when it was brought up. */
const controlPlane: ReadonlySet<string> = new Set(["services", ...serviceNames, "provisioner"]);

/**
 * Starts the supervisor in a session of its own, so that it outlives the terminal.
 * @param watch whether it restarts its children when the code changes
 */
export async function launch(
  { settings, env, node, main }: CommandLine & { settings: Settings },
  watch = false,
): Promise<void> {
  for (const { part, variable, port, address } of portsOf(settings)) {
    if (!controlPlane.has(part)) continue;
    const taken = await takenPort(variable, port, address);
    if (taken) throw new Error(taken);
  }
  await checkConfinement({ settings, env, node });
  const paths = dataPaths(settings.dataDir);
  const log = openSync(join(paths.log, "supervisor.log"), "a", 0o600);
  const supervisor = spawn(node, [main, "supervise", ...(watch ? ["--watch"] : [])], {
    detached: true,
    stdio: ["ignore", log, log],
    env,
    cwd: settings.dataDir,
  });
  const failed = new Promise<never>((_, reject) => {
    supervisor.once("error", reject);
    supervisor.once("exit", (code, signal) =>
      reject(
        new Error(
          `The supervisor ended at once (${signal ?? code}). See ${join(paths.log, "supervisor.log")}`,
        ),
      ),
    );
  });
  const answers = until(async () => (await askSupervisor(paths.supervisorSocket, "status")) !== undefined, {
    what: "the supervisor to answer",
    deadlineMs: 15_000,
    everyMs: 50,
  });
  await Promise.race([answers, failed]);
  supervisor.removeAllListeners();
  supervisor.unref();
}
