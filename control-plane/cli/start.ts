import { spawn } from "node:child_process";
import { openSync } from "node:fs";
import { join } from "node:path";
import { migrateAll } from "../migrate.ts";
import { dataPaths } from "../paths.ts";
import { alone } from "../platform/lock.ts";
import { takenPort } from "../platform/taken-port.ts";
import { serviceNames } from "../service-names.ts";
import { fingerprint, portsOf, type Settings } from "../settings.ts";
import { askSupervisor } from "../supervisor/ask.ts";
import { until } from "../until.ts";
import { apiUrl, serviceUrl } from "./api.ts";
import { checkConfinement } from "./check-confinement.ts";
import type { CommandLine } from "./command-line.ts";
import { offerFirstStaffLink } from "./offer-first-staff.ts";
import { platformUp } from "./platform.ts";

/**
 * Brings platform and control plane up, or checks that they are.
 * @param args.makesStaff whoever calls makes the first staff account next, so nobody is asked to
 */
export async function start(args: CommandLine & { settings: Settings; makesStaff?: boolean }): Promise<void> {
  const { settings, say } = args;
  await platformUp(args);
  await say.part("control plane", async (detail) => {
    for (const database of await migrateAll(settings))
      detail(`a newer version has migrated the database "${database}"; nothing was changed in it`);
    const socket = dataPaths(settings.dataDir).supervisorSocket;
    const waits = () => detail("another run starts it; waiting");
    await alone(settings.dataDir, waits, async () => {
      const running = await askSupervisor(socket, "status");
      if (!running) return launch(args);
      if (running.settings !== fingerprint(settings)) {
        throw new Error(
          `The control plane of "${settings.env}" runs with other settings than these, or as an older version. To change that: bin/berth stop, then start it again.`,
        );
      }
      detail("runs already");
    });
    await healthy(settings);
  });
  say.line(`The control plane of "${settings.env}" answers at ${apiUrl(settings)}.`);
  const link = await offerFirstStaffLink(settings);
  if (link !== undefined && !args.makesStaff)
    say.line(
      `There is no staff account yet: open the link in ${link} to make it; it works for seven days. Or run bin/berth staff.`,
    );
}

/** Parts whose ports are looked at here; those of the platform were when it was brought up. */
const controlPlane: ReadonlySet<string> = new Set(["services", ...serviceNames, "provisioner"]);

/** Starts the supervisor in a session of its own, so that it outlives the terminal. */
async function launch({ settings, env, node, main }: CommandLine & { settings: Settings }): Promise<void> {
  for (const { part, variable, port, address } of portsOf(settings)) {
    if (!controlPlane.has(part)) continue;
    const taken = await takenPort(variable, port, address);
    if (taken) throw new Error(taken);
  }
  await checkConfinement({ settings, env, node });
  const paths = dataPaths(settings.dataDir);
  const log = openSync(join(paths.log, "supervisor.log"), "a", 0o600);
  const supervisor = spawn(node, [main, "supervise"], {
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

interface Health {
  status: string;
}

/** Waits until every service says it is well, the provisioner behind the instance service included. */
async function healthy(settings: Settings): Promise<void> {
  let last = "nothing answers";
  await until(
    async () => {
      const answers = await Promise.all(
        serviceNames.map(async (service) => {
          const response = await fetch(`${serviceUrl(settings, service)}/${service}/health`, {
            signal: AbortSignal.timeout(2_000),
          }).catch(() => undefined);
          const health = response?.ok ? ((await response.json()) as Health) : undefined;
          return { service, status: health?.status ?? `answers ${response?.status ?? "not"}` };
        }),
      );
      const unwell = answers.filter(({ status }) => status !== "ok");
      last = unwell.map(({ service, status }) => `${service}: ${status}`).join(", ");
      return unwell.length === 0;
    },
    { what: "the services to be well", deadlineMs: 60_000, everyMs: 100 },
  ).catch((error: Error) => {
    throw new Error(`${error.message} ${last}. See the logs in ${dataPaths(settings.dataDir).log}`);
  });
}
