import { containers, ofEnvironment } from "../platform/docker.ts";
import { createRun } from "../platform/run.ts";
import { type Settings, withoutSecrets } from "../settings.ts";
import type { CommandLine } from "./command-line.ts";
import { platformDown } from "./platform.ts";

/** Stops control plane and platform. Data stay; `up` brings back what ran. */
export async function down(args: CommandLine & { settings: Settings }): Promise<void> {
  const { settings, say, env } = args;
  const run = createRun(withoutSecrets(env));
  const names = await ofEnvironment(run, "container", settings.env);
  if (names.length === 0) return say.line(`Nothing of "${settings.env}" is here to be stopped.`);
  const running = (await containers(run, names)).filter((one) => one.running).length;
  await platformDown(args, {});
  say.line(
    running === 0
      ? `Nothing of "${settings.env}" was running. Its data are kept; make dev-up brings it back.`
      : `"${settings.env}" is down: ${running} containers are stopped. Its data are kept; make dev-up brings all of it back.`,
  );
}
