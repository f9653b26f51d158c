import { createRequire } from "node:module";
import { join } from "node:path";
import { cruise, type ICruiseOptions, type ICruiseResult } from "dependency-cruiser";
import { projectRoot } from "../../paths.ts";

const roots = ["control-plane", "components", "stacks", "toolchain"];

/** The folder a file is drawn as; nothing for what all stand on (settings, errors, ids ...) and what draws this. */
function folderOf(file: string): string | undefined {
  const [root = "", folder, ...rest] = file.split("/");
  if (!roots.includes(root)) return undefined;
  if (root === "components" || root === "toolchain") return root;
  if (!folder || rest.length === 0 || folder === "docs" || folder === "observability") return undefined;
  return root === "stacks" ? `${root}/${folder}` : folder;
}

/** Which folder imports which, as dependency-cruiser finds it; at most one arrow from one to another. */
export async function importsPicture(): Promise<string> {
  const { options } = createRequire(import.meta.url)(join(projectRoot, ".dependency-cruiser.cjs")) as {
    options: ICruiseOptions;
  };
  const { output } = await cruise(roots, { ...options, baseDir: projectRoot });
  const arrows = new Set<string>();
  const folders = new Set<string>();
  for (const { source, dependencies } of (output as ICruiseResult).modules) {
    const from = folderOf(source);
    if (!from) continue;
    folders.add(from);
    for (const { resolved } of dependencies) {
      const to = folderOf(resolved);
      if (to && to !== from) arrows.add(`  ${name(from)} --> ${name(to)}`);
    }
  }
  return [
    "flowchart TD",
    ...[...folders].sort().map((one) => `  ${name(one)}["${one}"]`),
    ...[...arrows].sort(),
  ].join("\n");
}

const name = (folder: string) => folder.replace(/\W/g, "_");
