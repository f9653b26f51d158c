import type { Say } from "./say.ts";

/** What every verb of the command gets from the process it runs in. */
export interface CommandLine {
  env: Record<string, string | undefined>;
  say: Say;
  /** The Node that runs this, and this program's own file: what child processes are started with. */
  node: string;
  main: string;
}
