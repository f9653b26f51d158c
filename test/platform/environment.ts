import { existsSync } from "node:fs";
import type { TestProject } from "vitest/node";
import { startPlatform, type TestPlatform } from "../support/platform.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** `BERTH_*` variables of the platform under test. */
    platformVariables: Record<string, string>;
    /** What was told while it came up for the first time. */
    platformTold: string[];
  }
}

/** One platform for all files of this folder: its template takes most of the time. */
export default async function setup(project: TestProject) {
  const platform = await startPlatform({ env: `tp-${process.pid % 100_000}` });
  project.provide("platformVariables", platform.variables);
  project.provide("platformTold", platform.told);
  return async () => {
    await platform.down();
    const left = await leftovers(platform);
    // After the last test there is no other place to fail.
    if (left) throw new Error(`Purging the platform left something behind:\n${left}`);
  };
}

async function leftovers({ run, settings }: TestPlatform): Promise<string> {
  const label = ["--filter", `label=berth.env=${settings.env}`];
  const rules = (await run("iptables-save", []))
    .split("\n")
    .filter((rule) => rule.includes(`-${settings.env}-`));
  const found = [
    await run("docker", ["ps", "-a", "-q", ...label]),
    await run("docker", ["volume", "ls", "-q", ...label]),
    await run("docker", ["network", "ls", "-q", ...label]),
    rules.join("\n"),
    existsSync(settings.dataDir) ? settings.dataDir : "",
  ];
  return found.filter((text) => text.trim() !== "").join("\n");
}
