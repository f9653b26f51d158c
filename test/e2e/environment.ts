// One environment for all end-to-end tests, brought up and taken down by the product's own commands.
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
  const isApart = project.name === "e2e-apart";
  const variables = await ownVariables(`e2e${isApart ? "a" : "-"}${process.pid % 100_000}`, {
    BERTH_SERVICES: isApart ? "apart" : "together",
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
