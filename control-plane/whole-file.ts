import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";

/** Creates the file whole, or leaves the one that is there. A hard link fails where a rename would overwrite. */
export async function writeOnce(path: string, text: string): Promise<void> {
  const beside = `${path}.${randomUUID()}`;
  await writeFile(beside, text, { mode: 0o600, flag: "wx" });
  try {
    await link(beside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await rm(beside);
  }
}

/** Writes a file of mode 0600 whole or not at all; leaves it alone when it already has this text. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const now = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (now === text) return;
  const beside = `${path}.${randomUUID()}`;
  await writeFile(beside, text, { mode: 0o600, flag: "wx" });
  await rename(beside, path);
}
