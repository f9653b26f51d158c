import type { Logger } from "./log.ts";

/** Tells the log of an outage once, however often it is met. */
export interface Outage {
  met(error: unknown): void;
  over(): void;
}

/** @param fields what is said of it beside the sentence */
export function createOutage(log: Logger, fields: Record<string, string>, sentence: string): Outage {
  let told = false;
  return {
    met(error) {
      if (!told) log.warn({ ...fields, err: error }, sentence);
      told = true;
    },
    over() {
      told = false;
    },
  };
}
