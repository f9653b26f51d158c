import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ToolchainError } from "../errors.ts";

const lock = z.object({
  packages: z.record(
    z.string(),
    z.object({
      integrity: z.string().optional(),
      dependencies: z.record(z.string(), z.string()).default({}),
      optionalDependencies: z.record(z.string(), z.string()).default({}),
      peerDependencies: z.record(z.string(), z.string()).default({}),
      peerDependenciesMeta: z.record(z.string(), z.object({ optional: z.boolean().optional() })).default({}),
    }),
  ),
});

/**
 * Packages of one-file builds that pages load: of these nothing is imported by a service, so only what is served is taken,
 * and none of their own dependencies.
 */
const served: Record<string, string[]> = {
  "@scalar/api-reference": ["package.json", "dist/index.js", "dist/browser/standalone.js"],
};

/** A package as the lock file has it: `files` when not all of it is taken. */
export interface LockedPackage {
  /** `node_modules/hono`, or `node_modules/a/node_modules/b`. */
  path: string;
  integrity: string;
  files?: string[];
}

/** The packages of these names and all that they need, as npm has put them into node_modules, sorted by path. */
export function lockedPackages(project: string, names: string[]): LockedPackage[] {
  const { packages } = lock.parse(JSON.parse(readFileSync(join(project, "package-lock.json"), "utf8")));
  const found = new Map<string, LockedPackage>();
  /** As Node looks: beside whoever imports it, then outwards. */
  const locate = (from: string, name: string): string | undefined => {
    for (let at = from; ; at = at.slice(0, Math.max(at.lastIndexOf("/node_modules/"), 0))) {
      const path = at === "" ? `node_modules/${name}` : `${at}/node_modules/${name}`;
      if (packages[path]) return path;
      if (at === "") return undefined;
    }
  };
  const add = (from: string, name: string, isNeeded: boolean) => {
    const path = locate(from, name);
    const its = path === undefined ? undefined : packages[path];
    if (path === undefined || its === undefined) {
      if (isNeeded) throw new ToolchainError(`package-lock.json has no ${name}, which ${from} needs.`);
      return;
    }
    if (found.has(path)) return;
    const files = served[name];
    found.set(path, { path, integrity: its.integrity ?? "", ...(files ? { files } : {}) });
    if (files) return;
    for (const one of Object.keys(its.dependencies)) add(path, one, true);
    for (const one of Object.keys(its.peerDependencies))
      if (!its.peerDependenciesMeta[one]?.optional) add(path, one, true);
  };
  for (const name of names) add("", name, true);
  return [...found.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
