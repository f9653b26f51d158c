import { z } from "zod";
import { BerthError, isBerthError } from "../errors.ts";

/** Looks at one thing a service needs. Gives milliseconds, throws when it is away. */
export type Check = () => Promise<number>;

export const checkResult = z.object({
  status: z.enum(["ok", "away"]),
  ms: z.number().optional().meta({ description: "Milliseconds one round trip took." }),
  detail: z.string().optional(),
});
type CheckResult = z.infer<typeof checkResult>;

/** What was found, by the name of what was looked at. */
export type Found = Record<string, CheckResult>;

/** Asks another service how it is. Gives what it finds; throws `service_unavailable` when it does not answer. */
export type Neighbour = () => Promise<Found>;

/** Milliseconds after which a thing that has not answered counts as away. */
const patienceMs = 2_000;
/** What only one service sees, and the others tell of as well. */
const passedOn = ["provisioner"];

/** Looks at all of these at once. */
export async function lookAll(checks: Record<string, Check>): Promise<Found> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await look(check)] as const),
  );
  return Object.fromEntries(results);
}

/** Looks at other services, and takes over what only they see. */
export async function lookAround(neighbours: Record<string, Neighbour>): Promise<Found> {
  const seen: Found[] = await Promise.all(
    Object.entries(neighbours).map(async ([name, neighbour]) => {
      const from = performance.now();
      try {
        const theirs = await neighbour();
        const told = Object.entries(theirs).filter(([what]) => passedOn.includes(what));
        return { [name]: ok(performance.now() - from), ...Object.fromEntries(told) };
      } catch (error) {
        return { [name]: away(error) };
      }
    }),
  );
  return Object.assign({}, ...seen);
}

async function look(check: Check): Promise<CheckResult> {
  const late = Promise.withResolvers<never>();
  const sentence = `It has not answered within ${patienceMs / 1000} seconds.`;
  const clock = setTimeout(() => late.reject(new BerthError("service_unavailable", sentence)), patienceMs);
  try {
    return ok(await Promise.race([check(), late.promise]));
  } catch (error) {
    return away(error);
  } finally {
    clearTimeout(clock);
  }
}

function ok(ms: number): CheckResult {
  return { status: "ok", ms: Math.round(ms * 10) / 10 };
}

function away(error: unknown): CheckResult {
  return { status: "away", detail: isBerthError(error) ? error.message : "It does not answer." };
}
