import { type ProblemCode, problems } from "../errors.ts";
import { problemSchema } from "./problem.ts";

type Responses = Record<string, unknown>;

/** The refusals that every route may answer with. */
const common: ProblemCode[] = ["internal", "database_unavailable"];

/** Responses of a route: its own, and the problems with these codes. */
export function withProblems<Own extends Record<number, unknown>>(own: Own, ...codes: ProblemCode[]) {
  // Refusals are thrown, so their types are left out of what a route returns.
  return problemResponses(own, [...common, ...codes]) as Own;
}

/** Adds problems to responses; several with one status share a description. */
export function problemResponses(responses: Responses, codes: readonly ProblemCode[]): Responses {
  const all = { ...responses };
  for (const code of codes) {
    const [status, title] = problems[code];
    const before = all[status] as { description: string } | undefined;
    const description = `${before ? `${before.description}, or ` : ""}\`${code}\`: ${title}`;
    all[status] = { description, content: { "application/problem+json": { schema: problemSchema } } };
  }
  return all;
}

/** Codes of what a body can do wrong before a route sees it. */
export const bodyProblems = [
  "invalid_json",
  "body_too_large",
  "unsupported_media_type",
  "validation_failed",
] as const;

/** A JSON answer. */
export function json<Schema>(description: string, schema: Schema) {
  return { description, content: { "application/json": { schema } } };
}
