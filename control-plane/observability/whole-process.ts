import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { format } from "node:util";
import type { Logger } from "./log.ts";

const methods = {
  debug: "debug",
  log: "info",
  info: "info",
  warn: "warn",
  error: "error",
  trace: "debug",
} as const;

/**
 * Everything that this process would otherwise write by itself becomes a line of its log: what a library says on the console,
 * Node's warnings, and what it dies of.
 */
export function logWholeProcess(log: Logger): void {
  for (const [method, level] of Object.entries(methods))
    console[method as keyof typeof methods] = (...said: unknown[]) =>
      log[level]({ output: format(...said) }, "something was said on the console");
  process.removeAllListeners("warning");
  process.on("warning", (warning) => log.warn({ err: warning }, "Node warns"));
  process.on("uncaughtException", (error, origin) => {
    log.fatal({ err: error, origin }, "the process ends by an error that nobody took");
    process.exit(1);
  });
}

/** Characters of a line that are kept. */
const longest = 8_000;

/** Makes a line of the log of every line that a program writes; of what it said last as well, when it was killed. */
export function logOutput(stream: Readable, log: () => Logger): void {
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  lines.on("line", (line) => {
    if (line.trim() !== "") log().warn({ output: line.slice(0, longest) }, "a program of ours said");
  });
  // Whoever wrote is gone; that is told by its end.
  stream.on("error", () => undefined);
}
