import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { projectRoot } from "../../control-plane/paths.ts";

const run = promisify(execFile);

/** The product's own command in the environment of these variables, and how all of that environment goes away. */
export function commands(variables: Record<string, string>) {
  const env = { ...process.env, ...variables };
  const berth = (...args: string[]) =>
    run(join(projectRoot, "bin/berth"), args, { env, maxBuffer: 64 << 20 });
  const down = async () => {
    try {
      await berth("stop");
    } finally {
      await berth("platform", "down", "--purge");
      await rm(variables.BERTH_DATA_DIR as string, { recursive: true, force: true });
    }
  };
  return { berth, down };
}
