import { mkdir, readdir, readlink, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { binaries } from "./binaries.ts";
import type { Tools } from "./setup.ts";

/**
 * Makes the plugins of `tools` the ones that Pulumi finds under this PULUMI_HOME.
 * Pulumi looks at real folders only, so each gets one, with links to the cache in it.
 */
export async function linkPlugins(pulumiHome: string, tools: Pick<Tools, "plugins">): Promise<void> {
  for (const [name, dir] of Object.entries(tools.plugins)) {
    // The version that the SDK asks for, whichever way the plugin was had.
    const version = binaries[`plugin-${name as "docker" | "postgresql"}`].official?.version;
    const folder = join(pulumiHome, "plugins", `resource-${name}-v${version}`);
    await mkdir(folder, { recursive: true });
    const files = (await readdir(dir)).filter((file) => file.startsWith("pulumi-resource-"));
    for (const file of files) await link(join(dir, file), join(folder, file));
  }
}

async function link(target: string, path: string): Promise<void> {
  if ((await readlink(path).catch(() => undefined)) === target) return;
  const temporary = `${path}.${process.pid}`;
  await rm(temporary, { force: true });
  await symlink(target, temporary);
  await rename(temporary, path);
}
