// An environment with Prometheus, which looks often so that nobody has to wait for it.
import type { TestProject } from "vitest/node";
import { commands } from "../support/commands.ts";
import { ownVariables } from "../support/variables.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** `BERTH_*` variables of the environment under test. */
    berthEnv: Record<string, string>;
  }
}

export default async function setup(project: TestProject) {
  const variables = await ownVariables(`mon-${process.pid % 100_000}`, {
    BERTH_TOOLS: "prometheus,mailpit",
    BERTH_SCRAPE_SECONDS: "5",
  });
  const { berth, down } = commands(variables);
  try {
    await berth("start");
    await berth("staff");
  } catch (error) {
    await down();
    throw error;
  }
  project.provide("berthEnv", variables);
  return down;
}
