import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configFile } from "./config-file.ts";
import type { Document, FuzzOptions, FuzzResult } from "./contract.ts";
import { runUntil } from "./run-until.ts";
import { readVerdict } from "./verdict.ts";

/** Fuzzes one service by the document it serves. Throws when schemathesis could not do all of its work. */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const url = `${options.baseUrl}/${options.service}/openapi.json`;
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: there is no document to fuzz by.`);
  const document = (await answer.json()) as Document;
  const dir = await mkdtemp(join(tmpdir(), "berth-fuzz-"));
  try {
    const verdictFile = join(dir, "verdict.json");
    const { text, env } = configFile(options, document, verdictFile);
    await writeFile(join(dir, "schemathesis.toml"), text);
    const { code, output, cutShort } = await runUntil(options.fenceMs, {
      command: options.program,
      args: ["--config-file", "schemathesis.toml", "run", url],
      cwd: dir,
      // Wide, so that the report's lines are not cut.
      env: { HOME: dir, PYTHONDONTWRITEBYTECODE: "1", NO_COLOR: "1", COLUMNS: "200", ...env },
    });
    const verdict = readVerdict(await readFile(verdictFile, "utf8").catch(() => undefined), document);
    if (typeof verdict === "string") {
      throw new Error(
        `The ${options.service} service was not fuzzed, ${verdict} (exit code ${code}):\n${output}`,
      );
    }
    return { ...verdict, cutShort, report: output };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
