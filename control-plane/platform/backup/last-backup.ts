import { readFile } from "node:fs/promises";
import { z } from "zod";
import { dataPaths } from "../../paths.ts";
import { writeWhole } from "../../whole-file.ts";

const note = z.object({
  /** The moment that all databases of it are of. */
  at: z.iso.datetime(),
});

/** Notes that there is a good backup, for whoever watches that there are. */
export async function noteBackup(dataDir: string, at: string): Promise<void> {
  await writeWhole(
    dataPaths(dataDir).lastBackup,
    `${JSON.stringify({ at } satisfies z.input<typeof note>)}\n`,
  );
}

/** The moment that the last good backup is of; undefined when there never was one, or not of this data folder. */
export async function readLastBackup(dataDir: string): Promise<Date | undefined> {
  const text = await readFile(dataPaths(dataDir).lastBackup, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return text === undefined ? undefined : new Date(note.parse(JSON.parse(text)).at);
}
