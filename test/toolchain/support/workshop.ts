import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { createProgress, type Progress } from "../../../toolchain/progress.ts";

export interface Workshop {
  /** An empty folder that goes away with the test. */
  dir: string;
  cacheDir: string;
  progress: Progress;
  /** Every line of progress so far. */
  lines: string[];
}

/** A cache of its own for one test, and what is said of its progress. */
export function openWorkshop(): Workshop {
  const dir = mkdtempSync(join(tmpdir(), "berth-toolchain-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const lines: string[] = [];
  const progress = createProgress({ write: (text) => lines.push(text.trimEnd()), terminal: false });
  return { dir, cacheDir: join(dir, "cache"), progress, lines };
}

/** A .tar.gz, or a .tar, of these files; all are executable. */
export function archive(files: Record<string, string>, compress = true): Buffer {
  const dir = mkdtempSync(join(tmpdir(), "berth-archive-"));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(dir, dirname(path)), { recursive: true });
    writeFileSync(join(dir, path), content);
    chmodSync(join(dir, path), 0o755);
  }
  const target = `${dir}.tar`;
  execFileSync("tar", ["-C", dir, compress ? "-czf" : "-cf", target, ...Object.keys(files)]);
  const bytes = readFileSync(target);
  rmSync(dir, { recursive: true });
  rmSync(target);
  return bytes;
}
