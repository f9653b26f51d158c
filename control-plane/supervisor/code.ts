import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../paths.ts";

/** What the control plane's processes are made of. Tests, documents and the toolchain are not. */
export const codeFolders = ["control-plane", "components", "stacks"];
const files = ["package-lock.json"];

/** Stands for the program as it is on disk now: a process that was started with another one runs older code. */
export function codeFingerprint(root = projectRoot): string {
  const hash = createHash("sha256");
  const names = codeFolders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter(isCode)
      .map((name) => join(folder, name))
      .toSorted(),
  );
  for (const name of [...names, ...files])
    hash
      .update(name)
      .update("\0")
      .update(textOf(join(root, name)));
  return hash.digest("hex").slice(0, 16);
}

/** Of a file that has just gone away, as an editor's do, nothing. */
function textOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}

/** Whether a file of these folders is part of the program that runs. Stacks' config files are not. */
export function isCode(name: string): boolean {
  return /\.(ts|sh|sql|py)$/.test(name);
}
