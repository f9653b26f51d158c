import { mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { project } from "../../../stacks/tenant/names.ts";
import { dataPaths, projectRoot } from "../../paths.ts";
import { pulumiEnv } from "../../pulumi-env.ts";
import type { Settings } from "../../settings.ts";
import type { WorkerSetup } from "./protocol.ts";
import { removeSaltFiles } from "./salt-files.ts";

interface Tools {
  pulumi: string;
  node: string;
}

/** Makes the folder where workers run the CLI and says what they need. */
export async function makeWorkerSetup(settings: Settings, tools: Tools): Promise<WorkerSetup> {
  const paths = dataPaths(settings.dataDir);
  const plugins = join(paths.pulumiHome, "plugins");
  await makeFolders(paths.stacks, plugins);
  return {
    workDir: paths.stacks,
    plugins: await pluginCommands(plugins, join(tools.node, "node")),
  };
}

/**
 * The folder where the CLI runs, with a project file of its own because the program is run inline, and the
 * workers' PULUMI_HOME. A file where the CLI wants its folder of logs keeps it from writing all it does into one
 * for each run, which costs a tenth of its time and would outlive the tenant.
 */
async function makeFolders(dir: string, plugins: string): Promise<void> {
  const pulumiHome = homeIn(dir);
  await mkdir(pulumiHome, { recursive: true, mode: 0o700 });
  await removeSaltFiles(dir);
  await writeFile(join(dir, "Pulumi.yaml"), `name: ${project}\nruntime: nodejs\n`);
  await writeFile(join(pulumiHome, "logs"), "");
  await rm(join(pulumiHome, "plugins"), { force: true });
  await symlink(plugins, join(pulumiHome, "plugins"));
}

const homeIn = (stacks: string) => join(stacks, "home");

/** Plugins as they are started to be attached to. Ours runs by Node, those of packages by their own binaries. */
async function pluginCommands(plugins: string, node: string): Promise<WorkerSetup["plugins"]> {
  const folders = await readdir(plugins);
  const packages = ["docker", "postgresql"].map((name) => {
    const folder = folders.find((one) => one.startsWith(`resource-${name}-v`) && !one.endsWith(".lock"));
    if (!folder) throw new Error(`Pulumi's plugin "${name}" is missing in ${plugins}. Run: make setup`);
    return { name, command: join(plugins, folder, `pulumi-resource-${name}`), args: [] };
  });
  // Providers written for Node want the engine's address; one that is attached to learns it later.
  const own = {
    name: "berth",
    command: node,
    args: [join(projectRoot, "components/provider/index.ts"), "127.0.0.1:0"],
  };
  return [...packages, own];
}

/** A worker's whole environment. */
export function workerEnv(
  { settings, tools, env }: { settings: Settings; tools: Tools; env: { PATH: string; HOME: string } },
  dockerHost: string,
): Record<string, string> {
  const shared = pulumiEnv(settings, { bin: tools.pulumi, node: tools.node }, env.PATH);
  return {
    ...shared,
    // Checkpoints need not wait for the disk one by one: the operation's end, on the same server, waits for all.
    // What a crash of PostgreSQL takes of them is found by comparing with what is there (recover.ts).
    // Binary parameters halve the round trips, of which one creation has some 300.
    PULUMI_BACKEND_URL: `${shared.PULUMI_BACKEND_URL}&synchronous_commit=off&binary_parameters=yes`,
    PULUMI_HOME: homeIn(dataPaths(settings.dataDir).stacks),
    HOME: env.HOME,
    DOCKER_HOST: dockerHost,
    NODE_COMPILE_CACHE: join(settings.cacheDir, "node-compile"),
  };
}
