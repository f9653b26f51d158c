// What a newcomer does: `make dev-up`, with everything that this machine can have. What it said is for the tests.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import { projectRoot } from "../../control-plane/paths.ts";
import { toolNames } from "../../control-plane/tool-names.ts";
import { commands } from "../support/commands.ts";
import { ownVariables } from "../support/variables.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** What `make dev-up` has printed. */
    devUpSaid: string;
  }
}

export default async function setup(project: TestProject) {
  const variables = await ownVariables(`new-${process.pid % 100_000}`, {
    BERTH_TOOLS: toolNames.join(","),
    BERTH_SCRAPE_SECONDS: "5",
  });
  const { down } = commands(variables);
  try {
    const { stdout } = await promisify(execFile)("make", ["dev-up"], {
      cwd: projectRoot,
      env: { ...process.env, ...variables },
      maxBuffer: 16 << 20,
    });
    project.provide("devUpSaid", stdout);
  } catch (error) {
    await down();
    throw error;
  }
  project.provide("berthEnv", variables);
  return down;
}
