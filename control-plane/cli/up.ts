import { mustHavePlace } from "../platform/place.ts";
import { createRun } from "../platform/run.ts";
import { type Settings, withoutSecrets } from "../settings.ts";
import { addresses } from "./addresses.ts";
import type { CommandLine } from "./command-line.ts";
import { ensureStaff } from "./ensure-staff.ts";
import { start } from "./start.ts";
import { table } from "./table.ts";

/**
 * Everything for a person who works on Berth: platform, control plane (which goes over to changed code by itself), and a staff
 * account. Says at its end what can be opened, and how. Run again, it checks, and mends what is not so.
 */
export async function up(args: CommandLine & { settings: Settings }): Promise<void> {
  const { settings, say, env } = args;
  const run = createRun(withoutSecrets(env));
  await mustHavePlace(settings, env, run);
  await start(args, { makesStaff: true, forWork: true });
  await ensureStaff(settings, async (what, work) => (await say.part(what, work)).value);
  const rows = (await addresses(settings, run)).map(({ what, where, who, how }) => [what, where, who, how]);
  say.line("");
  for (const line of table(["what", "where", "who", "how"], rows)) say.line(`  ${line}`);
  say.line("");
  say.line(
    `"${settings.env}" is up, with its data in ${settings.dataDir}. Changes of the code are taken up by themselves.`,
  );
  say.line("What to look at in them, for a start: docs/operators-guide.md, under Tools for people.");
  say.line("Logs: make dev-logs. What is wrong: bin/berth doctor. Down, keeping all data: make dev-down.");
}
