import { resolve } from "node:path";
import { parseToolchainSettings } from "../settings.ts";
import { judge, readAccepted } from "./accepted.ts";
import { go } from "./go.ts";
import { npm } from "./npm.ts";
import type { Outcome, Part, Tree } from "./outcome.ts";
import { patterns } from "./patterns.ts";
import { pypi } from "./pypi.ts";
import { secrets } from "./secrets.ts";

const parts: Part[] = [secrets, patterns, npm, pypi, go];

/** Ends with 1 when something was found, and with 3 when nothing was and a part could not be looked at. */
const codes = { clean: 0, found: 1, unseen: 3 };

/**
 * `main.ts [folder] [--only part]...`: looks for secrets, unsafe patterns and packages with known advisories in a tree. What could
 * not be looked at is never called clean.
 */
async function main(): Promise<number> {
  const { folder, only } = parse(process.argv.slice(2));
  const { cacheDir } = parseToolchainSettings(process.env);
  const tree: Tree = { root: folder, cacheDir, env: process.env };
  const accepted = await readAccepted(folder);
  const today = new Date().toISOString().slice(0, 10);
  let [wrong, unseen] = [0, 0];
  for (const part of parts.filter(({ name }) => only.length === 0 || only.includes(name))) {
    const outcome = await part.scan(tree).catch(failed);
    const judged = judge(outcome.found, accepted, today);
    wrong += judged.wrong.length;
    unseen += outcome.unseen.length;
    say(
      `${part.name}: ${outcome.looked}, ${judged.wrong.length} found${judged.known.length > 0 ? `, ${judged.known.length} accepted` : ""}${outcome.unseen.length > 0 ? `, ${outcome.unseen.length} NOT LOOKED AT` : ""}`,
    );
    for (const { id, sentence } of judged.wrong) say(`  ${sentence} [${id}]`);
    for (const what of outcome.unseen) say(`  not looked at: ${what}`);
  }
  if (wrong > 0) {
    say(
      `${wrong} found. Mend each; what does no harm is accepted, with why, in toolchain/security/accepted.json.`,
    );
    return codes.found;
  }
  if (unseen > 0) {
    say(`Nothing was found in what was looked at; ${unseen} could not be, and nothing is known of them.`);
    return codes.unseen;
  }
  say("Nothing was found.");
  return codes.clean;
}

function parse(args: string[]): { folder: string; only: string[] } {
  const only: string[] = [];
  let folder = resolve(import.meta.dirname, "../..");
  for (let n = 0; n < args.length; n++) {
    if (args[n] === "--only") only.push(args[++n] ?? "");
    else folder = resolve(args[n] as string);
  }
  const unknown = only.find((name) => parts.every((part) => part.name !== name));
  if (unknown !== undefined)
    throw new Error(`There is no part "${unknown}": ${parts.map(({ name }) => name).join(", ")}.`);
  return { folder, only };
}

/** A part that broke has looked at nothing. */
function failed(error: Error): Outcome {
  return { looked: "nothing", found: [], unseen: [error.message] };
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 2;
}
