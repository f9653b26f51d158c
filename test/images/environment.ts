import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import { offerFirstStaffLink } from "../../control-plane/cli/offer-first-staff.ts";
import { migrateAll } from "../../control-plane/migrate.ts";
import { dataPaths, projectRoot } from "../../control-plane/paths.ts";
import { serviceNames } from "../../control-plane/service-names.ts";
import { removeTag } from "../../toolchain/engine/images.ts";
import { linkPlugins } from "../../toolchain/link-plugins.ts";
import { createProgress } from "../../toolchain/progress.ts";
import { buildServices } from "../../toolchain/services/build.ts";
import { parseToolchainSettings } from "../../toolchain/settings.ts";
import { startPlatform } from "../support/platform.ts";
import { removeService, runService, untilHealthy } from "./containers.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Names of the images under test. */
    imageRefs: Record<string, string>;
  }
}

/** A platform whose services are containers of the images, with the provisioner as a process and a staff account. */
export default async function setup(project: TestProject) {
  const { variables, settings, tools, down } = await startPlatform({
    env: `im${process.pid % 100_000}`,
    more: {
      BERTH_SERVICES: "apart",
      BERTH_WORKERS: "2",
      BERTH_RESERVE: "2",
      BERTH_ENGINES_AHEAD: "2",
    },
  });
  const env = { ...process.env, ...variables };
  const run = promisify(execFile);
  let provisioner: ChildProcess | undefined;
  const toolchain = parseToolchainSettings(process.env);
  /** Images that nobody had before. */
  let made: string[] = [];
  let ending = false;
  /** As the supervisor does: another one whenever it ends. Which one runs, and how those before ended, is for the tests. */
  const provision = () => {
    const child = spawn(join(projectRoot, "bin/berth"), ["serve", "provisioner"], { env, stdio: "ignore" });
    provisioner = child;
    writeFileSync(join(settings.dataDir, "provisioner-pid"), `${child.pid}`);
    child.once("exit", (code, signal) => {
      writeFileSync(join(settings.dataDir, `provisioner-end-${child.pid}`), `${signal ?? code}`);
      if (!ending) provision();
    });
  };
  const end = async () => {
    ending = true;
    if (provisioner?.exitCode === null) {
      provisioner.kill("SIGTERM");
      await once(provisioner, "exit");
    }
    for (const service of serviceNames) await removeService(settings, service);
    await down();
    for (const ref of made) await removeTag(toolchain.engine, ref);
  };
  try {
    const progress = createProgress({ write: (text) => process.stderr.write(text), terminal: false });
    const built = await buildServices({
      ...toolchain,
      project: projectRoot,
      services: serviceNames,
      progress,
    });
    made = built.filter((image) => image.made).map(({ ref }) => ref);
    const refs = Object.fromEntries(built.map(({ ref }) => [/^berth-(\w+):/.exec(ref)?.[1] ?? "", ref]));
    await linkPlugins(dataPaths(settings.dataDir).pulumiHome, tools);
    await migrateAll(settings);
    for (const service of serviceNames) await runService(settings, service, refs[service] ?? "");
    for (const service of serviceNames) await untilHealthy(settings, service);
    provision();
    await offerFirstStaffLink(settings);
    await run(join(projectRoot, "bin/berth"), ["staff"], { env });
    project.provide("berthEnv", variables);
    project.provide("imageRefs", refs);
  } catch (error) {
    await end();
    throw error;
  }
  return end;
}
