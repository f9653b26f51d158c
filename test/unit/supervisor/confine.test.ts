import { execFile } from "node:child_process";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { projectRoot } from "../../../control-plane/paths.ts";
import { confine } from "../../../control-plane/supervisor/confine.ts";

const run = promisify(execFile);

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "berth-confined-"));
});
afterEach(() => rm(root, { recursive: true }));

const inside = async (program: string) => {
  const node = await realpath(process.execPath);
  const confinement = {
    user: 52_801,
    reads: ["/usr", "/etc", "/dev/urandom", dirname(node), join(projectRoot, "control-plane")],
    writes: ["/dev/null"],
    root,
  };
  return confine({ command: node, args: ["-e", program] }, confinement);
};

test.each(["022", "027", "077"])(
  "whoever starts it with the mask %s: the program runs, as its user",
  async (mask) => {
    const { command, args } = await inside(
      `console.log(process.getuid(), fs.readdirSync(${JSON.stringify(join(projectRoot, "control-plane"))}).includes("paths.ts"))`,
    );
    const masked = ["-c", `umask ${mask}; exec "$@"`, "sh", command, ...args];
    expect((await run("sh", masked)).stdout).toBe("52801 true\n");
  },
);
