import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { ToolchainError } from "../errors.ts";

/**
 * Does `work` while holding an exclusive lock on `file`, across processes.
 * The kernel gives the lock back when this process ends, however it ends.
 *
 * @param onWait called once when another process holds the lock.
 */
export async function withLock<T>(file: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  let release = await hold(file, ["--nonblock"]);
  if (release === undefined) {
    onWait();
    release = await hold(file, []);
  }
  if (release === undefined) throw new ToolchainError(`The lock ${file} could not be taken.`);
  try {
    return await work();
  } finally {
    await release();
  }
}

/** Starts a holder that lives until its input closes; undefined when the lock is taken. */
async function hold(file: string, how: string[]): Promise<(() => Promise<void>) | undefined> {
  const child = spawn("flock", ["--exclusive", ...how, file, "sh", "-c", "echo held; exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const held = await Promise.race([once(child.stdout, "data").then(() => true), ended.then(() => false)]);
  if (!held) return undefined;
  return async () => {
    child.stdin.end();
    await ended;
  };
}
