import { join } from "node:path";

export interface Confinement {
  /** Number of the user and of the group it runs as. */
  user: number;
  /** Folders and files that it may read, and those it may write into as well, as far as their modes let that user. */
  reads: string[];
  writes: string[];
  /** An empty folder. */
  root: string;
}

interface Command {
  command: string;
  args: string[];
}

const script = join(import.meta.dirname, "confined.sh");

/**
 * Turns a command into one that sees nothing but what is named here, has no rights and cannot get any. It takes root and a
 * kernel that lets it mount. The process that is started is the command's own: signals reach it.
 */
export function confine({ command, args }: Command, { user, reads, writes, root }: Confinement): Command {
  const shown = [...reads.map((path) => `ro:${path}`), ...writes.map((path) => `rw:${path}`)];
  return {
    command: "unshare",
    args: [
      "--mount",
      "--propagation",
      "private",
      script,
      root,
      `${user}`,
      `${user}`,
      ...shown,
      "--",
      command,
      ...args,
    ],
  };
}
