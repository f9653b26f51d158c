import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Tree } from "./outcome.ts";
import { lastSaid, program } from "./program.ts";

/** Files of a tree that are in git, or would be by the next commit. */
export async function filesOf({ root, env }: Tree): Promise<string[]> {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const ended = await program("git", args, { cwd: root, env });
  if (ended.code !== 0) throw new Error(`git does not tell the files of ${root}: ${lastSaid(ended)}`);
  // One that was removed and not committed yet is in git's list.
  return ended.out.split("\0").filter((name) => name !== "" && existsSync(join(root, name)));
}
