import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Ends with 1 when node_modules is not what package-lock.json describes. npm leaves its own record of what
 * it installed, written last, so an interrupted installation does not fit. Runs without any package.
 */
interface Locked {
  version?: string;
  integrity?: string;
  optional?: boolean;
}

function packagesIn(file: string): Map<string, Locked> {
  const { packages } = JSON.parse(readFileSync(file, "utf8")) as { packages: Record<string, Locked> };
  return new Map(Object.entries(packages).filter(([path]) => path !== ""));
}

const root = process.argv[2] ?? ".";
const wanted = packagesIn(join(root, "package-lock.json"));
const installed = packagesIn(join(root, "node_modules", ".package-lock.json"));

for (const [path, { version, integrity, optional }] of wanted) {
  const there = installed.get(path);
  if (there === undefined && optional) continue;
  if (there?.version !== version || there?.integrity !== integrity) {
    throw new Error(`${path} is ${there?.version ?? "missing"}, not ${version}`);
  }
}
