import { readFileSync } from "node:fs";
import { listenerOf } from "../platform/holder.ts";

/** A supervisor that is there and gives no answer: it was stopped by a signal, or hangs. */
export class SilentSupervisor extends Error {
  override name = "SilentSupervisor";
  /** What is wrong, in a sentence, and the commands that mend it. */
  readonly what: string;
  readonly mend: string;

  /** @param pid its process, where that can be seen */
  constructor(pid: number | undefined) {
    const isStopped = pid !== undefined && /^[Tt]$/.test(stateOf(pid));
    const who = pid === undefined ? "a process that this user may not see" : `process ${pid}`;
    const what = `The supervisor (${who}) ${isStopped ? "is stopped by a signal" : "hangs"}: it does not answer.`;
    // What it leaves behind is found by the next one.
    const end = `kill -KILL ${pid ?? "<process>"}, then bin/berth start`;
    const ways = {
      stopped: `kill -CONT ${pid} lets it go on. Or end it: ${end}`,
      hangs: `End it: ${end}`,
      unseen: `Find it as root, ps -ef | grep "main.ts supervise", and end it: ${end}`,
    };
    const mend = ways[pid === undefined ? "unseen" : isStopped ? "stopped" : "hangs"];
    super(`${what} ${mend}`);
    this.what = what;
    this.mend = mend;
  }
}

/** Who it is that keeps silent behind a socket. */
export async function silentBehind(socket: string): Promise<SilentSupervisor> {
  return new SilentSupervisor(await listenerOf(socket));
}

/** `T` for one that was stopped; empty for one that is gone. */
function stateOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[0] ?? "";
  } catch {
    return "";
  }
}
