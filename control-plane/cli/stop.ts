import { dataPaths } from "../paths.ts";
import { startTime } from "../provisioner/processes/identity.ts";
import type { Settings } from "../settings.ts";
import { askSupervisor } from "../supervisor/ask.ts";
import { until } from "../until.ts";
import type { Say } from "./say.ts";

/** Stops the control plane and waits until it is gone. The platform and the tenants stay up. */
export async function stop(settings: Settings, say: Say): Promise<void> {
  const { supervisorSocket } = dataPaths(settings.dataDir);
  const running = await askSupervisor(supervisorSocket, "stop");
  if (!running) return say.line(`The control plane of "${settings.env}" is not running.`);
  await awaitStopped(settings, running.pid);
  say.line(`The control plane of "${settings.env}" is stopped; platform and tenants stay up.`);
}

/**
 * Waits until a control plane that was asked to stop is gone: it answers no more a moment before its process has ended.
 * @param pid its supervisor
 */
export async function awaitStopped({ dataDir }: Pick<Settings, "dataDir">, pid: number): Promise<void> {
  const { supervisorSocket } = dataPaths(dataDir);
  const isGone = async () =>
    (await askSupervisor(supervisorSocket, "status"))?.pid !== pid && startTime(pid) === undefined;
  await until(isGone, { what: "the control plane to stop", deadlineMs: 120_000, everyMs: 100 });
}
