import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { databaseFull, databaseUnavailable, isDatabaseAway, isDatabaseFull } from "../database.ts";
import { BerthError, type ProblemCode, problems } from "../errors.ts";
import { shownText } from "../observability/mask.ts";
import type { HttpEnv } from "./context.ts";
import { apiHeaders } from "./headers.ts";

/** An error as callers see it (RFC 9457). */
export const problemSchema = z
  .object({
    type: z.string().meta({ example: "urn:berth:problem:slug_taken" }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: "What happened and what to do, for a person." }),
    code: z.string().meta({ description: "For a program.", example: "slug_taken" }),
    requestId: z.string().meta({ description: "Names this request in the log." }),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: "The fields that do not fit." }),
  })
  .openapi("Problem");

/** Answers with a problem. What is not a {@link BerthError} goes to the log and not to the caller. */
export function answerProblem(c: Context<HttpEnv>, error: unknown): Response {
  const known = toBerthError(error);
  if (!known) c.get("log").error({ err: error }, "unexpected error");
  else if (known.status >= 500) c.get("log").warn({ err: known }, "request refused");
  return problemResponse(
    c.get("requestId"),
    known?.code ?? "internal",
    known?.message ??
      "This is an error in Berth, and it was logged. Try again; if it stays, report the request id.",
    known,
  );
}

export function problemResponse(
  requestId: string,
  code: ProblemCode,
  detail: string,
  more: Pick<BerthError, "fields" | "headers"> | undefined,
): Response {
  const [status, title] = problems[code];
  const body: z.infer<typeof problemSchema> = {
    type: `urn:berth:problem:${code}`,
    title,
    status,
    // What was asked for stands in it, and may be a key or a token in the wrong place.
    detail: shownText(detail),
    code,
    requestId,
    ...(more?.fields ? { errors: more.fields } : {}),
  };
  return Response.json(body, {
    status,
    headers: {
      ...Object.fromEntries(apiHeaders),
      ...more?.headers,
      "content-type": "application/problem+json",
      "x-request-id": requestId,
    },
  });
}

function toBerthError(error: unknown): BerthError | undefined {
  if (error instanceof BerthError) return error;
  if (isDatabaseAway(error)) return databaseUnavailable(error);
  if (isDatabaseFull(error)) return databaseFull(error);
  // Hono's own validator throws this for a body that does not parse.
  if (error instanceof HTTPException && error.status === 400)
    return new BerthError("invalid_json", error.message);
  return undefined;
}
