import type { TestProject } from "vitest/node";
import { migrateAll } from "../../control-plane/migrate.ts";
import { dataPaths } from "../../control-plane/paths.ts";
import { linkPlugins } from "../../toolchain/link-plugins.ts";
import { startPlatform } from "../support/platform.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** `BERTH_*` variables of the environment under test. */
    provisionerVariables: Record<string, string>;
    /** Folders of the pulumi CLI and of Node. */
    provisionerTools: { pulumi: string; node: string };
  }
}

/** One platform, with the services' tables, for all files of this folder. Each starts provisioners of its own. */
export default async function setup(project: TestProject) {
  const { variables, settings, tools, down } = await startPlatform({ env: `tv-${process.pid % 100_000}` });
  try {
    await linkPlugins(dataPaths(settings.dataDir).pulumiHome, tools);
    await migrateAll(settings);
  } catch (error) {
    await down();
    throw error;
  }
  project.provide("provisionerVariables", { ...variables, BERTH_WORKERS: "2", BERTH_RESERVE: "2" });
  project.provide("provisionerTools", {
    pulumi: tools.pulumi,
    node: process.execPath.replace(/\/node$/, ""),
  });
  return down;
}
