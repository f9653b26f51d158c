import { type DestinationStream, type Logger, type LoggerOptions, pino } from "pino";
import type { Settings } from "../settings.ts";
import { currentIds, noIds } from "./ids.ts";
import { loggableError } from "./loggable-error.ts";
import { masked } from "./mask.ts";
import { censor, isShown, redacted } from "./redact.ts";

export type { Logger } from "pino";

/** For what is given to a child logger, which is not looked at as a line's fields are: it is to hold ids only. */
const serializers = {
  ...Object.fromEntries(
    ["password", "passphrase", "apiKey", "authorization", "secret", "token", "cookie"].map((name) => [
      name,
      (value: unknown) => (isShown(value) ? value : censor),
    ]),
  ),
  // A line's is no error any more.
  err: (value: unknown) => (value instanceof Error ? loggableError(value) : value),
};

/** Bytes and milliseconds after which what was gathered is written. */
const gathered = { bytes: 4_096, ms: 100 };

/**
 * Standard output for a process that writes a line for every request: lines are gathered, for a write of its own would
 * cost each request as much as a query. Written out when the process ends; one that is killed loses a tenth of a second.
 */
export function gatheringOutput(): DestinationStream {
  return output({ sync: false, minLength: gathered.bytes, periodicFlush: gathered.ms });
}

/** Bytes that are kept of a log that cannot be written; what comes on top is lost. */
const mostKept = 1_048_576;

/**
 * Standard output that may fail, as on a disk that is full: the process goes on without its log, and writes on when there
 * is room again, with a line that says so.
 */
function output(options: Parameters<typeof pino.destination>[0] & object): DestinationStream {
  const stream = pino.destination({ ...options, fd: 1, maxLength: mostKept });
  let failed: NodeJS.ErrnoException | undefined;
  let lost = 0;
  stream.on("error", (error) => {
    failed ??= error as NodeJS.ErrnoException;
  });
  stream.on("drop", () => {
    lost += 1;
  });
  stream.on("write", () => {
    if (!failed) return;
    const msg = `the log could not be written for a while: ${failed.code}; ${lost} lines are lost`;
    failed = undefined;
    lost = 0;
    stream.write(
      `${JSON.stringify({ level: "error", time: new Date().toISOString(), pid: process.pid, msg })}\n`,
    );
  });
  // What cannot be written would be tried again and again, and the process would never end.
  const giveUp = () => {
    if (failed) stream.destroy();
  };
  process.prependListener("beforeExit", giveUp);
  process.prependListener("exit", giveUp);
  return stream;
}

/** A file that others write into as well: each line goes to its end, and it may be emptied meanwhile. */
export function appending(file: string): DestinationStream {
  return pino.destination({ dest: file, append: true, sync: true, mode: 0o600 });
}

/**
 * The log of one process: JSON lines on standard output, or into `destination`. A line has the ids of what it is about
 * (ids.ts), and nothing that is called or looks like a secret (redact.ts, mask.ts).
 * @param part which part of the control plane writes (`services`, `tenant`, `provisioner` ...)
 */
export function createLog(
  settings: Pick<Settings, "env" | "logLevel">,
  part: string,
  destination?: DestinationStream,
): Logger {
  const options: LoggerOptions = {
    level: settings.logLevel,
    base: { env: settings.env, part, pid: process.pid },
    serializers,
    mixin: currentIds,
    mixinMergeStrategy: (fields, ids) => (ids === noIds ? fields : { ...ids, ...fields }),
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }), log: redacted },
    hooks: { streamWrite: masked },
  };
  return pino(options, destination ?? output({ sync: true }));
}

/** The same log for lines whose fields are known to hold no secret: to look at each would cost as much as to write it. */
export function plainLines(log: Logger): Logger {
  return log.child({}, { formatters: { log: (fields) => fields } });
}
