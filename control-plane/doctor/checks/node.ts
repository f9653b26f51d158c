import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Check } from "../finding.ts";

export const node: Check = {
  name: "Node",
  async look(bench) {
    const text = await readFile(join(bench.root, "toolchain", "node.sh"), "utf8");
    const pinned = /^version=(\S+)$/m.exec(text)?.[1] ?? "";
    return judgeNode(process.version, pinned);
  },
};

/** @param running `v24.21.0`, @param pinned the version that bin/setup installs */
export function judgeNode(running: string, pinned: string): ReturnType<Check["look"]> {
  const [major = 0, minor = 0] = running.slice(1).split(".").map(Number);
  const mend = "bin/setup, which installs the right one beside the machine's own";
  if (major !== 24 || minor < 12)
    return Promise.resolve([
      {
        status: "wrong",
        what: `This Node is ${running}; Berth needs 24.12 or a later 24.`,
        why: "Older ones do not run the program as it is, newer ones were never tried.",
        mend,
      },
    ]);
  if (running !== `v${pinned}`)
    return Promise.resolve([
      {
        status: "warning",
        what: `This Node is ${running}, not ${pinned}, with which Berth is tested.`,
        why: "It fits, and may differ in what no test has seen.",
        mend,
      },
    ]);
  return Promise.resolve({ well: running });
}
