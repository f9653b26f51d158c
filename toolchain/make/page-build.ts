import { dirname, join } from "node:path";
import { ToolchainError } from "../errors.ts";
import type { Step } from "../progress.ts";
import { CommandFailed, run } from "../run.ts";

export interface PageRecipe {
  /** Folder with package.json and its lock file. */
  folder: string;
  /** What Node runs there, once the packages are installed. */
  script: string;
  env: Record<string, string>;
}

export interface PageBuildOptions {
  recipe: PageRecipe;
  /** Folder that the recipe's is in. */
  work: string;
  log: string;
  step: Step;
}

/** Makes a web page of npm packages; each is held against the lock file, and none runs a script when it is installed. */
export async function pageBuild({ recipe, work, log, step }: PageBuildOptions): Promise<void> {
  const cwd = join(work, recipe.folder);
  // The Node that runs this, and the npm that came with it.
  const env = { ...recipe.env, PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ""}` };
  step.say("fetching the page's npm packages");
  try {
    await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd, env, log });
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    throw new ToolchainError(
      `The npm packages of a page could not be installed. Check that npm reaches its registry.\n${error.message}`,
    );
  }
  step.say("making the page");
  await run(process.execPath, [recipe.script], { cwd, env, log });
}
