import { text } from "node:stream/consumers";
import { z } from "zod";
import type { Settings } from "../settings.ts";
import { openStream } from "./api.ts";

const result = z.object({
  /** How many parts are as the tenant's program says. */
  same: z.int(),
  differences: z.array(z.object({ instance: z.string(), part: z.string(), would: z.string() })),
});
export type CheckResult = z.infer<typeof result>;

/** What a check has found: it stands in the last of its events. Undefined for one that has not got that far. */
export async function checkResult(settings: Settings, operationId: string): Promise<CheckResult | undefined> {
  const events = await text(await openStream(settings, `/instance/v1/operations/${operationId}/events`));
  for (const line of events.split("\n").toReversed()) {
    if (!line.startsWith("data: ")) continue;
    const { check } = JSON.parse(line.slice("data: ".length)) as { check?: unknown };
    if (check !== undefined) return result.parse(check);
  }
  return undefined;
}

const verbs: Record<string, string> = {
  create: "is missing, and would be made again",
  update: "is another than it should be, and would be put right",
  replace: "is another than it should be, and would be replaced",
  delete: "should not be there, and would be removed",
};

/** For a person, a line each: what is not as it should be, and what an `up` would do. */
export function differenceLines({ differences }: CheckResult): string[] {
  return differences.map(
    ({ instance, part, would }) => `${instance}: ${named(part)} ${verbs[would] ?? would}`,
  );
}

/** What is no step of its own comes by Pulumi's type, of which a person needs the end: `berth:index:Fittings`. */
function named(part: string): string {
  return (part.split(":").at(-1) ?? part).toLowerCase();
}
