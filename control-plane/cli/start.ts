import { migrateAll } from "../migrate.ts";
import { dataPaths } from "../paths.ts";
import { alone } from "../platform/lock.ts";
import { fingerprint, type Settings } from "../settings.ts";
import { askSupervisor, type SupervisorStatus } from "../supervisor/ask.ts";
import { codeFingerprint } from "../supervisor/code.ts";
import { apiUrl } from "./api.ts";
import type { CommandLine } from "./command-line.ts";
import { healthy } from "./healthy.ts";
import { launch } from "./launch.ts";
import { offerFirstStaffLink } from "./offer-first-staff.ts";
import { platformUp } from "./platform.ts";
import { restartChildren } from "./restart-children.ts";
import { awaitStopped } from "./stop.ts";

type StartArgs = CommandLine & { settings: Settings };

export interface StartOptions {
  /** Whoever calls makes the first staff account next, so nobody is asked to. */
  makesStaff?: boolean;
  /** For a person who works on Berth: a control plane of other code or settings is replaced, and changes are watched. */
  forWork?: boolean;
}

/** Brings platform and control plane up, or checks that they are. */
export async function start(args: StartArgs, options: StartOptions = {}): Promise<void> {
  const { settings, say } = args;
  await platformUp(args);
  await say.part("control plane", async (detail) => {
    for (const database of await migrateAll(settings))
      detail(`a newer version has migrated the database "${database}"; nothing was changed in it`);
    const waits = () => detail("another run starts it; waiting");
    await alone(settings.dataDir, waits, async () => {
      const running = await askSupervisor(dataPaths(settings.dataDir).supervisorSocket, "status");
      if (!running) return launch(args, options.forWork);
      if (options.forWork) return renew(args, running, detail);
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
  if (link !== undefined && !options.makesStaff)
    say.line(
      `There is no staff account yet: open the link in ${link} to make it; it works for seven days. Or run bin/berth staff.`,
    );
}

/**
 * Lets a control plane that runs go over to the code and settings of now, no further than is needed. Operations that are
 * under way go on by themselves.
 */
async function renew(
  args: StartArgs,
  running: SupervisorStatus,
  detail: (text: string) => void,
): Promise<void> {
  const socket = dataPaths(args.settings.dataDir).supervisorSocket;
  const code = codeFingerprint();
  const isOther = running.settings !== fingerprint(args.settings);
  if (isOther || running.code !== code) {
    detail(`it runs with other ${isOther ? "settings" : "code"}: it is stopped and started again`);
    await askSupervisor(socket, "stop");
    await awaitStopped(args.settings, running.pid);
    return launch(args, true);
  }
  await askSupervisor(socket, "watch");
  const older = running.children.filter((child) => child.code !== code);
  if (older.length === 0) return detail("runs already, as the code is now");
  // Those that the watch has not seen, because there was none.
  await restartChildren(
    args.settings,
    older.map(({ name }) => name),
  );
  detail(`restarted, because the code has changed: ${older.map(({ name }) => name).join(", ")}`);
}
