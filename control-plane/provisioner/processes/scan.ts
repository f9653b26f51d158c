import { readdir, readFile } from "node:fs/promises";
import { startTime } from "./identity.ts";

export interface TaggedProcess {
  pid: number;
  startTime: number;
  /** Value of the tag. */
  tag: string;
}

/** All living processes whose environment holds `variable`, wherever they were started from. */
export async function taggedProcesses(variable: string): Promise<TaggedProcess[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const tag = (await environment(pid))?.[variable];
      const started = tag === undefined ? undefined : startTime(pid);
      return tag === undefined || started === undefined ? undefined : { pid, startTime: started, tag };
    }),
  );
  return found.filter((one) => one !== undefined);
}

/** A process's environment as it was started with; undefined when it is gone, a zombie or not ours to read. */
async function environment(pid: number): Promise<Record<string, string> | undefined> {
  const text = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
  if (text === "") return undefined;
  return Object.fromEntries(
    text.split("\0").map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}
