import { DeadlineError } from "./until.ts";

/** What a promise gives, if it does in time; throws {@link DeadlineError} otherwise. What it is about may go on. */
export async function inTime<T>(promise: Promise<T>, deadlineMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new DeadlineError(`Gave up waiting for ${what} after ${deadlineMs} ms.`)),
      deadlineMs,
    );
  });
  // It may fail when nobody waits for it any more.
  promise.catch(() => undefined);
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
