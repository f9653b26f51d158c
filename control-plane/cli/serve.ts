import type { OpenAlone } from "../alone/open.ts";
import { createLog, gatheringOutput } from "../observability/log.ts";
import { logWholeProcess } from "../observability/whole-process.ts";
import { isServiceName, type ServiceName, serviceNames } from "../service-names.ts";
import { serveUntil } from "../serving.ts";
import type { Settings } from "../settings.ts";
import { askedToStop } from "./asked-to-stop.ts";
import type { CommandLine } from "./command-line.ts";

/** Each is loaded only where it runs. */
const alone: Record<ServiceName, () => Promise<OpenAlone>> = {
  user: async () => (await import("../alone/user.ts")).openUserAlone,
  tenant: async () => (await import("../alone/tenant.ts")).openTenantAlone,
  instance: async () => (await import("../alone/instance.ts")).openInstanceAlone,
};

/** Runs the three services on one port of 127.0.0.1, or one of them on its own, until asked to stop. */
export async function serve(line: CommandLine & { settings: Settings }, service?: string): Promise<void> {
  const { settings, env } = line;
  if (service !== undefined && !isServiceName(service))
    throw new Error(
      `There is no service "${service}": ${serviceNames.join(", ")}, or all of them without a name.`,
    );
  const stop = askedToStop();
  const log = createLog(settings, service ?? "services", gatheringOutput());
  logWholeProcess(log);
  if (service) {
    const { serveAlone } = await import("../alone/serve-alone.ts");
    return serveAlone(service, await alone[service](), { settings, env, log, stop });
  }
  const { openServices, readAllKeys, readLogins } = await import("../services.ts");
  const own = { logins: await readLogins(settings), keys: await readAllKeys(settings) };
  const services = await openServices(settings, own, log);
  await serveUntil(stop, { ...services, ...own, listen: "127.0.0.1", port: settings.apiPort }, log);
}
