import { judge, type Verdict } from "../platform/check/judge.ts";
import { look } from "../platform/check/look.ts";
import { createRun } from "../platform/run.ts";
import { type Settings, withoutSecrets } from "../settings.ts";
import type { CommandLine } from "./command-line.ts";
import { createSay, type Say } from "./say.ts";

/**
 * Compares the record with what there is, tenant by tenant, and changes nothing. Needs no control plane.
 * @returns whether everything could be seen and is as recorded
 */
export async function check(
  { settings, env, say }: CommandLine & { settings: Settings },
  options: { json?: boolean } = {},
): Promise<boolean> {
  const facts = await look(settings, createRun(withoutSecrets(env)));
  const verdicts = judge(facts, settings.env);
  const { routesUnknown } = facts;
  // What is for programs stays JSON alone: that something was not seen is said beside it.
  const aside = options.json ? createSay((text) => process.stderr.write(text)) : say;
  if (routesUnknown) aside.line(`Routes were not looked at: ${routesUnknown}`);
  if (options.json) say.line(JSON.stringify(verdicts));
  else if (verdicts.length === 0) say.line("There are no tenants, neither in the record nor outside of it.");
  else print(verdicts, say);
  return !routesUnknown && verdicts.every(({ verdict }) => verdict === "as recorded");
}

function print(verdicts: Verdict[], say: Say): void {
  const head = { slug: "tenant", id: "id", record: "record", there: "there", verdict: "verdict" };
  const columns = ["slug", "id", "record", "there", "verdict"] as const;
  const width = (column: (typeof columns)[number]) =>
    Math.max(...[head, ...verdicts].map((row) => row[column].length));
  const widths = columns.map(width);
  for (const row of [head, ...verdicts]) {
    say.line(
      columns
        .map((column, i) => row[column].padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  }
  const wrong = verdicts.filter(({ verdict }) => verdict !== "as recorded");
  for (const { slug, id, sentence } of wrong) say.line(`\n${slug} (${id}): ${sentence}`);
  const fine = verdicts.length - wrong.length;
  say.line(`${wrong.length > 0 ? "\n" : ""}${fine} of ${verdicts.length} tenants are as recorded.`);
}
