import type { LogLine } from "./line.ts";

/** Where lines come from. */
export interface Source {
  /** What was written up to now, from a moment on; some older ones may be among them. */
  past(since: Date): AsyncIterable<LogLine>;
  /** What is written from then on, until the signal. */
  follow(onLine: (line: LogLine) => void, signal: AbortSignal): Promise<void>;
}
