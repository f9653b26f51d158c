import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../run.ts";

/**
 * Packs a folder and gives the archive to whoever wants it. Throws what tar says, and then nobody gets anything: an engine
 * takes the part that there is for the whole.
 * @param options of tar, besides
 */
export async function packed(
  folder: string,
  options: string[],
  use: (tar: NodeJS.ReadableStream) => Promise<void>,
): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), "berth-tar-"));
  try {
    const file = join(work, "folder.tar");
    await run("tar", ["-C", folder, ...options, "-cf", file, "."]);
    await use(createReadStream(file));
  } finally {
    await rm(work, { recursive: true });
  }
}
