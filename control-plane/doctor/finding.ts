import type { Bench } from "./bench.ts";

/** Something that is not as it should be, for a person who is to mend it. */
export interface Finding {
  /** `wrong`: Berth does not work as it should. `warning`: it does, and perhaps not for long. */
  status: "wrong" | "warning";
  what: string;
  /** Why that matters. */
  why: string;
  /** The command that mends it, or what to do. */
  mend: string;
}

/** What was found: nothing wrong, and how it is; or why nobody can tell now. */
export type Verdict = Finding[] | { well: string } | { unknown: string };

/** One thing that is looked at. It changes nothing. */
export interface Check {
  name: string;
  look(bench: Bench): Promise<Verdict>;
}
