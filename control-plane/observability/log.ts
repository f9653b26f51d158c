import { type DestinationStream, type Logger, pino } from "pino";
import type { Settings } from "../settings.ts";
import { loggableError } from "./loggable-error.ts";

export type { Logger } from "pino";

/** Paths whose values never reach a log line, wherever the object that holds them came from. */
const secretPaths = [
  "password",
  "passwordHash",
  "passphrase",
  "apiKey",
  "authorization",
  "secret",
  "*.password",
  "*.passwordHash",
  "*.passphrase",
  "*.apiKey",
  "*.authorization",
  "*.secret",
  "*.*.secret",
  "req.headers.authorization",
];

/** Bytes and milliseconds after which what was gathered is written. */
const gathered = { bytes: 4_096, ms: 100 };

/**
 * Standard output for a process that writes a line for every request: lines are gathered, for a write of its own would
 * cost each request as much as a query. Written out when the process ends; one that is killed loses a tenth of a second.
 */
export function gatheringOutput(): DestinationStream {
  return pino.destination({ fd: 1, sync: false, minLength: gathered.bytes, periodicFlush: gathered.ms });
}

/**
 * The log of one process: JSON lines on standard output, or into `destination`.
 * @param part which part of the control plane writes (`api`, `provisioner`, `worker` ...)
 */
export function createLog(
  settings: Pick<Settings, "env" | "logLevel">,
  part: string,
  destination?: DestinationStream,
): Logger {
  const options = {
    level: settings.logLevel,
    base: { env: settings.env, part, pid: process.pid },
    serializers: { err: loggableError },
    redact: { paths: secretPaths, censor: "[redacted]" },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return destination ? pino(options, destination) : pino(options);
}
