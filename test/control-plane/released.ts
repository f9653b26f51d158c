import { execFile } from "node:child_process";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { projectRoot } from "../../control-plane/paths.ts";

const exec = promisify(execFile);

/** The commit that was released last. Whoever releases the next one puts it here (CONTRIBUTING, "Versions side by side"). */
const released = "3c2b62181def97ddf1020280c21a39beb787f4fe";

/** The version that was released last, in a folder of its own with the packages of this one. */
export async function unpackReleased(): Promise<{ root: string; remove(): Promise<void> }> {
  const root = await mkdtemp(join(tmpdir(), "berth-released-"));
  const remove = () => rm(root, { recursive: true, force: true });
  try {
    await mustHaveReleased();
    const archive = join(root, "released.tar");
    await exec("git", ["-C", projectRoot, "archive", "--output", archive, released]);
    await exec("tar", ["--extract", "--file", archive, "--directory", root]);
    await symlink(join(projectRoot, "node_modules"), join(root, "node_modules"));
    return { root, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** A file as it was released. */
export async function releasedFile(path: string): Promise<string> {
  await mustHaveReleased();
  return (await exec("git", ["-C", projectRoot, "show", `${released}:${path}`])).stdout;
}

async function mustHaveReleased(): Promise<void> {
  await exec("git", ["-C", projectRoot, "cat-file", "-e", `${released}^{commit}`]).catch((cause) => {
    throw new Error(
      `This clone does not have the version that was released last, ${released}, which tests run beside this one. Fetch it: git fetch --unshallow, or git fetch origin ${released}`,
      { cause },
    );
  });
}
