import { setTimeout as delay } from "node:timers/promises";

/** Milliseconds; more than any of the work takes on a machine with something to do. */
const leastMs = 400;

/** Does work that must not tell by its time what it found: it takes a while, whatever it does. */
export async function atLeast<T>(work: () => Promise<T>): Promise<T> {
  const [result] = await Promise.allSettled([work(), delay(leastMs)]);
  if (result.status === "rejected") throw result.reason;
  return result.value;
}
