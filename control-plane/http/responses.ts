import { type ProblemCode, problems } from "../errors.ts";
import { problemSchema } from "./problem.ts";

type ProblemStatus = (typeof problems)[ProblemCode][0];

/** The refusals that every guarded route may answer with. */
const common: ProblemCode[] = ["unauthorized", "internal", "database_unavailable"];

/** Responses of a route: its own, and the problems with these codes. */
export function withProblems<Own extends Record<number, unknown>>(own: Own, ...codes: ProblemCode[]) {
  const byStatus: Partial<Record<ProblemStatus, { description: string; content: ProblemContent }>> = {};
  for (const code of [...common, ...codes]) {
    const [status, title] = problems[code];
    const before = byStatus[status];
    const description = before ? `${before.description}, or \`${code}\`: ${title}` : `\`${code}\`: ${title}`;
    byStatus[status] = { description, content: { "application/problem+json": { schema: problemSchema } } };
  }
  // Refusals are thrown, so their types are left out of what a route returns.
  return { ...byStatus, ...own } as Own;
}

type ProblemContent = { "application/problem+json": { schema: typeof problemSchema } };

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
