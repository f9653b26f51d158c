// Runs the tests of one part: run-service.ts <part>. The map of what these are is service-tests.ts.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { findPart, partNames } from "../control-plane/part-names.ts";
import { serviceTests } from "./service-tests.ts";

try {
  const part = findPart("test", process.argv[2], partNames);
  // Each project has an environment of its own: one after the other.
  for (const [project, ...files] of serviceTests[part]) {
    const { status } = spawnSync(process.execPath, [join(import.meta.dirname, "run.ts"), project, ...files], {
      stdio: "inherit",
    });
    if (status !== 0) process.exitCode = 1;
  }
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 2;
}
