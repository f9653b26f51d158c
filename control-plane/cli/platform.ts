import { linkPlugins } from "../../toolchain/link-plugins.ts";
import { createProgress } from "../../toolchain/progress.ts";
import { parseToolchainSettings } from "../../toolchain/settings.ts";
import { setup, type Tools } from "../../toolchain/setup.ts";
import { dataPaths } from "../paths.ts";
import { bringUp } from "../platform/bring-up.ts";
import type { PlatformOutputs } from "../platform/outputs.ts";
import { purge, takeDown } from "../platform/take-down.ts";
import { type Settings, withoutSecrets } from "../settings.ts";
import type { CommandLine } from "./command-line.ts";
import { stop } from "./stop.ts";

type Args = Pick<CommandLine, "env" | "say"> & { settings: Settings };

/** What set-up has made ready, by the same settings as bin/setup; quick when everything is in the cache. */
export function tools({ env, settings, say }: Args): Promise<Tools> {
  const progress = createProgress({ write: (text) => say.write(text), terminal: false });
  return setup({ ...parseToolchainSettings(env), cacheDir: settings.cacheDir, progress });
}

/** Brings the platform up, or checks it. */
export async function platformUp(args: Args): Promise<{ tools: Tools; platform: PlatformOutputs }> {
  const { settings, env, say } = args;
  const { value: ready } = await say.part("toolchain and images", () => tools(args));
  await linkPlugins(dataPaths(settings.dataDir).pulumiHome, ready);
  const { value: platform } = await say.part("platform", (progress) =>
    bringUp({ settings, tools: ready, env: withoutSecrets(env), progress }),
  );
  return { tools: ready, platform };
}

/** Takes the platform down; with `purge` nothing of it stays, tenants' data included. */
export async function platformDown(args: Args, options: { purge?: boolean }): Promise<void> {
  const { settings, env, say } = args;
  // A running control plane would put the firewall back, and be left without its secrets.
  await stop(settings, say);
  const variables = withoutSecrets(env);
  // Only what is taken away with Pulumi needs the toolchain: to stop nothing is downloaded or built.
  const ready = options.purge ? await tools(args) : undefined;
  await say.part("platform goes down", (progress) =>
    ready
      ? purge({ settings, tools: ready, env: variables, progress })
      : takeDown({ settings, env: variables, progress }),
  );
}
