import { join } from "node:path";
import { filesOf } from "./files.ts";
import type { Part } from "./outcome.ts";
import { lastSaid, program } from "./program.ts";
import { programs } from "./programs.ts";

interface Report {
  results: Array<{
    check_id: string;
    path: string;
    start: { line: number };
    extra: { message: string; lines: string };
  }>;
  errors: Array<{ level: string; message: string; path?: string }>;
}

/** Unsafe patterns in the product, by the rules beside this file. Tests serve nobody, and put commands together. */
export const patterns: Part = {
  name: "unsafe patterns",
  async scan(tree) {
    const files = (await filesOf(tree)).filter((name) => /^(?!test\/).*\.(ts|js|cjs|mjs|py)$/.test(name));
    if (files.length === 0) return { looked: "no source", found: [], unseen: [] };
    const rules = join(import.meta.dirname, "rules.yml");
    const quiet = ["--metrics", "off", "--disable-version-check", "--quiet"];
    // What is in git's list is what is asked for, and nothing is too large or too much of a test.
    const whole = ["--no-git-ignore", "--max-target-bytes", "0", "--scan-unknown-extensions"];
    const ended = await program(
      join(await programs(tree), "semgrep"),
      ["scan", "--config", rules, "--json", "--disable-nosem", ...quiet, ...whole, ...files],
      { cwd: tree.root, env: { ...tree.env, SEMGREP_SEND_METRICS: "off" } },
    );
    if (ended.code > 1) throw new Error(`semgrep failed: ${lastSaid(ended)}`);
    const { results, errors } = JSON.parse(ended.out) as Report;
    const found = results.map(({ check_id, path, start, extra }) => {
      const rule = check_id.slice(check_id.lastIndexOf(".") + 1);
      return { id: `${rule} ${path}`, sentence: `${path}:${start.line}: ${extra.message} (${rule})` };
    });
    const unseen = errors.map(({ message, path = "a file" }) => `${path}: ${message.split("\n")[0]}`);
    return { looked: `${files.length} files`, found, unseen };
  },
};
