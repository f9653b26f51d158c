import { setTimeout as delay } from "node:timers/promises";

export interface UntilOptions {
  /** What is waited for, as it completes "gave up waiting for ...". */
  what: string;
  /** Milliseconds until waiting ends with {@link DeadlineError}. */
  deadlineMs: number;
  /** Milliseconds between two looks. */
  everyMs: number;
  signal?: AbortSignal;
}

export class DeadlineError extends Error {
  override name = "DeadlineError";
}

/**
 * Looks again and again until `check` gives something that is neither `undefined` nor `false`.
 * Errors of `check` end the wait: a check that may fail for a while says so by returning `undefined`.
 */
export async function until<T>(
  check: () => Promise<T | undefined | false> | T | undefined | false,
  { what, deadlineMs, everyMs, signal }: UntilOptions,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== false) return value;
    if (performance.now() + everyMs > end) {
      throw new DeadlineError(`Gave up waiting for ${what} after ${Math.round(deadlineMs / 1000)} s.`);
    }
    await delay(everyMs, undefined, { signal });
  }
}
