import { mkdtemp, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

const prefix = ".berth-backup-";

/**
 * Makes a folder (0700) beside the file that is to be written, for `work`, and removes it whatever happens. One whose
 * process was killed is removed by the next.
 */
export async function withStaging<T>(file: string, work: (folder: string) => Promise<T>): Promise<T> {
  const beside = dirname(file);
  for (const name of await readdir(beside)) {
    const pid = Number(/^\.berth-backup-(\d+)\./.exec(name)?.[1]);
    if (pid && !isAlive(pid)) await rm(join(beside, name), { recursive: true, force: true });
  }
  const folder = await mkdtemp(join(beside, `${prefix}${process.pid}.`));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
