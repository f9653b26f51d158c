import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeWhole } from "../../whole-file.ts";

// While a reset is under way the data folder says so: half an environment is not to be brought up.

const fileOf = (dataDir: string) => join(dataDir, "resetting.json");

export async function isHalfReset(dataDir: string): Promise<boolean> {
  return readFile(fileOf(dataDir)).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw error;
    },
  );
}

export async function noteResetting(dataDir: string): Promise<void> {
  await writeWhole(fileOf(dataDir), JSON.stringify({ since: new Date().toISOString() }));
}

export async function endResetting(dataDir: string): Promise<void> {
  await rm(fileOf(dataDir), { force: true });
}

/** Throws a sentence when a reset was begun here and not finished. */
export async function refuseHalfReset({ dataDir, env }: { dataDir: string; env: string }): Promise<void> {
  if (await isHalfReset(dataDir))
    throw new Error(
      `A reset of "${env}" was begun and not finished: some of its data are gone. Finish it: bin/berth db-reset --yes-delete ${env}`,
    );
}
