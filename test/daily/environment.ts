// One environment for these tests, brought up from a copy of the program as a person would who works on it.
import type { TestProject } from "vitest/node";
import { commands } from "../support/commands.ts";
import { ownVariables } from "../support/variables.ts";
import { copyOfTheTree, ended } from "./tree.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Folder of the copy. */
    dailyTree: string;
    /** What `berth up` has said when it brought the environment up for the first time. */
    dailySaid: string;
  }
}

export default async function setup(project: TestProject) {
  const tree = await copyOfTheTree();
  // One worker: of several operations some wait.
  const variables = await ownVariables(`day${process.pid % 100_000}`, { BERTH_WORKERS: "1" });
  const { down } = commands(variables);
  const end = async () => {
    try {
      await down();
    } finally {
      await tree.remove();
    }
  };
  const env = { ...process.env, ...variables };
  const made = await ended("bin/berth", ["up"], { cwd: tree.folder, env });
  if (made.code !== 0) {
    await end();
    throw new Error(`berth up ended with ${made.code}:\n${made.out}\n${made.err}`);
  }
  project.provide("berthEnv", variables);
  project.provide("dailyTree", tree.folder);
  project.provide("dailySaid", made.out);
  return end;
}
