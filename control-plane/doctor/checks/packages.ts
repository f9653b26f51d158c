import { join } from "node:path";
import { projectRoot } from "../../paths.ts";
import { CommandError } from "../../platform/run.ts";
import type { Check } from "../finding.ts";

export const packages: Check = {
  name: "npm packages",
  async look({ root, run }) {
    // The set-up asks the same program.
    const fits = join(projectRoot, "toolchain", "host", "dependencies-fit.ts");
    try {
      await run(process.execPath, [fits, root]);
      return { well: "as in package-lock.json" };
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      const why = /Error: (.*)/.exec(error.output)?.[1] ?? "they were not installed to their end";
      return [
        {
          status: "wrong",
          what: `The npm packages are not those of package-lock.json: ${why}.`,
          why: "The program may not start, or do something that no test has seen.",
          mend: "bin/setup",
        },
      ];
    }
  },
};
