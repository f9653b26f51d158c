// A platform of this folder's own. Its control plane is not the supervisor's: the tests run each service themselves.
import type { TestProject } from "vitest/node";
import { commands } from "../support/commands.ts";
import { ownVariables } from "../support/variables.ts";

export default async function setup(project: TestProject) {
  const variables = await ownVariables(`out-${process.pid % 100_000}`, {
    BERTH_SERVICES: "apart",
    BERTH_RESERVE: "3",
    BERTH_ENGINES_AHEAD: "3",
  });
  const { berth, down } = commands(variables);
  try {
    await berth("start");
    await berth("staff");
    await berth("stop");
  } catch (error) {
    await down();
    throw error;
  }
  project.provide("berthEnv", variables);
  return down;
}
