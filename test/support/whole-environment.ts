import type { TestProject } from "vitest/node";
import { commands } from "./commands.ts";
import { ownVariables } from "./variables.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** `BERTH_*` variables of the environment under test. */
    berthEnv: Record<string, string>;
  }
}

/**
 * An environment with a staff account for all files of a project, brought up by the product's own commands. Gives what takes it
 * down again.
 * @param prefix the environment's name begins so
 * @param more variables others than the usual
 * @param last further commands, before the tests begin
 */
export async function wholeEnvironment(
  project: TestProject,
  prefix: string,
  more: Record<string, string>,
  last: string[] = [],
): Promise<() => Promise<void>> {
  const variables = await ownVariables(`${prefix}${process.pid % 100_000}`, more);
  const { berth, down } = commands(variables);
  try {
    for (const command of ["start", "staff", ...last]) await berth(command);
  } catch (error) {
    await down();
    throw error;
  }
  project.provide("berthEnv", variables);
  return down;
}
