import { z } from "zod";
import type { Document, Verdict } from "./contract.ts";

const rate = z.object({ accepted: z.int(), conflicts: z.int() });
const verdictFile = z.object({
  stop_reason: z.string(),
  operations: z.object({ tested: z.int() }).nullable(),
  failures: z.array(z.object({ title: z.string(), operations: z.array(z.string()) })),
  errors: z.array(z.object({ title: z.string() })),
  valid_rates: z.record(z.string(), z.record(z.string(), rate)),
});

/** Reads the file; a sentence says why there is no verdict. */
export function readVerdict(text: string | undefined, { paths }: Document): Verdict | string {
  if (text === undefined) return "schemathesis left no verdict";
  const { stop_reason, operations, failures, errors, valid_rates } = verdictFile.parse(JSON.parse(text));
  if (errors.length > 0) return `schemathesis met errors: ${errors.map(({ title }) => title).join(", ")}`;
  if (!operations || operations.tested === 0) return "schemathesis found no operation";
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  // What was cut short may not have come to all of them.
  if (stop_reason === "completed" && operations.tested < all.length)
    return `schemathesis tested ${operations.tested} of ${all.length} operations`;
  const reached = Object.entries(valid_rates)
    .filter(([, phases]) => Object.values(phases).some(({ accepted, conflicts }) => accepted + conflicts > 0))
    .map(([operation]) => operation);
  return {
    failures: failures
      .flatMap(({ title, operations }) => operations.map((one) => `${one}: ${title}`))
      .toSorted(),
    unreached: all.filter((operation) => !reached.includes(operation)).toSorted(),
  };
}
