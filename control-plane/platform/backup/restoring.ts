import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { writeWhole } from "../../whole-file.ts";

// While a restore is under way the data folder says so: what was begun can be told from what was finished.

const note = z.object({
  file: z.string(),
  /** Of the backup. */
  backup: z.uuid(),
  /** Of this restore, however often it is run again. */
  run: z.uuid(),
  /** Whether databases that are there stay as they are, or the backup's take their place. */
  databases: z.enum(["keep", "replace"]),
  /** Whether the backup's databases are in their places: they are not filled again. */
  changedOver: z.boolean().default(false),
});
export type Restoring = z.infer<typeof note>;

const fileOf = (dataDir: string) => join(dataDir, "restoring.json");

export async function readRestoring(dataDir: string): Promise<Restoring | undefined> {
  const text = await readFile(fileOf(dataDir), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return text === undefined ? undefined : note.parse(JSON.parse(text));
}

export async function noteRestoring(dataDir: string, restoring: Restoring): Promise<void> {
  await writeWhole(fileOf(dataDir), JSON.stringify(restoring));
}

export async function endRestoring(dataDir: string): Promise<void> {
  await rm(fileOf(dataDir));
}

/** Throws a sentence when a restore was begun here and not finished. */
export async function refuseHalfRestored(dataDir: string): Promise<void> {
  const half = await readRestoring(dataDir);
  if (half)
    throw new Error(
      `A restore into ${dataDir} was begun and not finished. Run it again: bin/berth platform restore ${half.file}`,
    );
}
