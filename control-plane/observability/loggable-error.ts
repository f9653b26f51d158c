import { DrizzleQueryError } from "drizzle-orm";

/** An error as the log shows it: its causes with it, and never the values of a query, which may be secrets. */
export interface LoggableError {
  type: string;
  message: string;
  code?: unknown;
  stack?: string;
  cause?: LoggableError;
  errors?: LoggableError[];
}

const deepest = 8;

export function loggableError(error: unknown, depth = 0): LoggableError {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const query = error instanceof DrizzleQueryError;
  return {
    type: error.constructor.name,
    // Drizzle puts the values into the message, which is the first line of the stack as well.
    message: query ? `Failed query: ${error.query}` : error.message,
    ...("code" in error ? { code: error.code } : {}),
    stack: query ? frames(error.stack) : error.stack,
    ...(error.cause !== undefined && depth < deepest ? { cause: loggableError(error.cause, depth + 1) } : {}),
    ...(error instanceof AggregateError && depth < deepest
      ? { errors: error.errors.map((one) => loggableError(one, depth + 1)) }
      : {}),
  };
}

function frames(stack: string | undefined): string | undefined {
  return stack
    ?.split("\n")
    .filter((line) => /^\s+at /.test(line))
    .join("\n");
}
