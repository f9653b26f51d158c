import { randomUUID } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** Path of a file that gives one engine its stack's salt, and nothing of a tenant. It goes with the engine. */
export function saltFile(workDir: string): string {
  return join(workDir, `ahead-${randomUUID()}.yaml`);
}

/** Removes those that killed workers have left. */
export async function removeSaltFiles(workDir: string): Promise<void> {
  const names = await readdir(workDir);
  for (const name of names.filter((one) => /^ahead-[0-9a-f-]+\.yaml$/.test(one)))
    await rm(join(workDir, name), { force: true });
}
