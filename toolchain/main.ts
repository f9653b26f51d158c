import { ToolchainError } from "./errors.ts";
import { createProgress } from "./progress.ts";
import { parseToolchainSettings } from "./settings.ts";
import { obtainAll } from "./setup.ts";
import { summary } from "./summary.ts";

/** `main.ts [--json]`: makes sure that all tools and images are there. Progress goes to standard error. */
async function main(): Promise<void> {
  const unknown = process.argv.slice(2).filter((argument) => argument !== "--json");
  if (unknown.length > 0) throw new ToolchainError(`Unknown argument ${unknown[0]}: only --json is known.`);
  const settings = parseToolchainSettings(process.env);
  const progress = createProgress({
    write: (text) => process.stderr.write(text),
    terminal: process.stderr.isTTY === true,
  });
  const since = performance.now();
  const outcome = await obtainAll({ ...settings, progress });
  const seconds = (performance.now() - since) / 1000;
  const json = process.argv.includes("--json");
  process.stdout.write(json ? `${JSON.stringify(outcome.tools, null, 2)}\n` : summary(outcome, seconds));
}

main().catch((error: unknown) => {
  const text = error instanceof ToolchainError ? error.message : error instanceof Error ? error.stack : error;
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
});
