import { join } from "node:path";
import type { Tree } from "./outcome.ts";
import { lastSaid, program } from "./program.ts";

let found: Promise<string> | undefined;

/** Folder of pip-audit, detect-secrets and semgrep, installed if they are not there. */
export function programs(tree: Tree): Promise<string> {
  found ??= install(tree);
  return found;
}

async function install({ cacheDir, env }: Tree): Promise<string> {
  const script = join(import.meta.dirname, "install.sh");
  const ended = await program(script, [], {
    cwd: import.meta.dirname,
    env: { ...env, BERTH_CACHE_DIR: cacheDir },
  });
  if (ended.code !== 0) throw new Error(lastSaid(ended));
  return ended.out.trim();
}
