import { isBerthError } from "../../errors.ts";
import type { Signals } from "../../signals.ts";

/** Milliseconds an operation's id may be known to its tenant service before it is known here. */
const handoverMs = 1_000;

/**
 * Reads something about an operation that may be on its way from the tenant service, which has
 * answered with its id already: whoever follows at once shall not get 404.
 */
export async function untilKnown<T>(signals: Signals, id: string, read: () => Promise<T>): Promise<T> {
  const subscription = signals.subscribe(id);
  try {
    return await read().catch(async (error) => {
      if (!isBerthError(error, "not_found") || !(await subscription.next(handoverMs))) throw error;
      return read();
    });
  } finally {
    subscription.close();
  }
}
