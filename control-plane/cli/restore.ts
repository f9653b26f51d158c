import { type Restored, restore } from "../platform/backup/restore.ts";
import { bringUp } from "../platform/bring-up.ts";
import { type Settings, withoutSecrets } from "../settings.ts";
import { check } from "./check.ts";
import type { CommandLine } from "./command-line.ts";
import { tools } from "./platform.ts";

/** Restores a backup and brings the platform up with it. The control plane is for the operator to start. */
export async function restorePlatform(
  args: CommandLine & { settings: Settings },
  file: string,
  options: { keepDatabases?: boolean; replaceDatabases?: boolean },
): Promise<void> {
  const { settings, env, say } = args;
  const ready = await tools(args);
  const databases = options.keepDatabases ? "keep" : options.replaceDatabases ? "replace" : undefined;
  const platform = { settings, tools: ready, env: withoutSecrets(env) };
  const { value: restored } = await say.part("restore", (progress) =>
    restore({ ...platform, progress }, { file, databases }),
  );
  await say.part("platform", (progress) => bringUp({ ...platform, progress }));
  for (const line of whatIs(settings, restored)) say.line(line);
  if (restored.manifest.tenants.length > 0) say.line("Its tenants, as they are here:");
  if (!(await check(args)))
    say.line("Read these sentences first. Nothing of these tenants is removed or made anew by itself.");
  say.line("Next: bin/berth start");
}

function whatIs(settings: Settings, { manifest, databases }: Restored): string[] {
  if (databases === "keep")
    return [
      `The data folder of "${settings.env}" is restored as it was at ${manifest.at}. Its databases stay as they are.`,
      "So do sessions, keys, members and staff.",
    ];
  return [
    `"${settings.env}" is restored as it was at ${manifest.at}.`,
    "Everybody signs in anew. Keys, members and staff are as they were then: what was revoked since is good again.",
  ];
}
