import { setTimeout as delay } from "node:timers/promises";
import type { Bench } from "./bench.ts";
import { checks } from "./checks/index.ts";
import type { Check, Verdict } from "./finding.ts";

/** What one check found. */
export interface Examined {
  name: string;
  verdict: Verdict;
}

/** Milliseconds that one check may take. */
const longestMs = 25_000;

/** Looks at everything. A check that fails is itself something wrong: what was not seen is not well. */
export async function examine(bench: Bench, which: readonly Check[] = checks): Promise<Examined[]> {
  return Promise.all(
    which.map(async ({ name, look }) => ({ name, verdict: await inTime(() => look(bench)).catch(broken) })),
  );
}

async function inTime(look: () => Promise<Verdict>): Promise<Verdict> {
  const done = new AbortController();
  const late = delay(longestMs, undefined, { signal: done.signal }).then(() => {
    throw new Error(`It took longer than ${longestMs / 1000} s.`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([look(), late]);
  } finally {
    done.abort();
  }
}

function broken(error: Error): Verdict {
  const what = `It could not be looked at: ${error.message}`;
  const why = "What was not seen may be wrong as well.";
  return [{ status: "wrong", what, why, mend: "Mend what is said, and run bin/berth doctor again." }];
}

/** Whether anything is wrong; warnings are not. */
export function isWrong(examined: Examined[]): boolean {
  return examined.some(
    ({ verdict }) => Array.isArray(verdict) && verdict.some(({ status }) => status === "wrong"),
  );
}
