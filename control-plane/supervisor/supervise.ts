import { rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import type { Logger } from "../observability/log.ts";
import { type Lock, takeLock } from "../platform/lock.ts";
import { until } from "../until.ts";
import type { SupervisorStatus } from "./ask.ts";
import { Child, type ChildSpec } from "./child.ts";
import { type Kept, rotate } from "./rotate.ts";

/** Milliseconds between two looks at how much the log files have grown. */
const lookEveryMs = 10_000;

export interface SuperviseOptions {
  /** A Unix socket, where the supervisor of this environment answers. */
  socket: string;
  children: ChildSpec[];
  /** Told to whoever asks for the status. */
  settings: string;
  log: Logger;
  /** How much is kept of each child's log file. */
  kept: Kept;
}

/**
 * Runs the children until asked to stop over the socket or by a signal.
 * Resolves when all of them are gone; throws when another supervisor runs.
 */
export async function supervise(options: SuperviseOptions): Promise<void> {
  const { socket, children: specs, settings, log, kept } = options;
  const lock = await onlyHere(socket);
  const children = specs.map((spec) => new Child(spec, log));
  const { promise: stopped, resolve: askedToStop } = Promise.withResolvers<string>();
  const status = (): SupervisorStatus => ({
    pid: process.pid,
    settings,
    children: children.map((child) => child.status()),
  });
  const server = await open(socket, status, askedToStop);
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => askedToStop(signal));
  for (const child of children) child.start();
  const rotating = setInterval(() => {
    for (const { logFile } of specs) rotateOrTell(logFile, kept, log);
  }, lookEveryMs);
  log.info({ reason: await stopped }, "stopping");
  // The provisioner first: it hands its operations back while the services still answer.
  for (const child of children.toReversed()) await child.stop();
  clearInterval(rotating);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  await rm(socket, { force: true });
  await lock.release();
  log.info("stopped");
}

/** A full disk, for one, is no reason to end. */
function rotateOrTell(file: string, kept: Kept, log: Logger): void {
  try {
    if (rotate(file, kept)) log.info({ file }, "a log file was begun anew");
  } catch (error) {
    log.error({ err: error, file }, "a log file could not be begun anew");
  }
}

/** Before anybody touches the socket: one behind which nobody answers may be that of a supervisor that just begins. */
function onlyHere(socket: string): Promise<Lock> {
  const what = "another supervisor, which runs here, to end";
  // One that is asked to stop answers no more a moment before it has ended.
  return until(() => takeLock("supervisor", socket), { what, deadlineMs: 2_000, everyMs: 50 });
}

async function open(
  socket: string,
  status: () => SupervisorStatus,
  askedToStop: (why: string) => void,
): Promise<Server> {
  // Left behind by one that was killed.
  await rm(socket, { force: true });
  const server = createServer((connection) => {
    connection.on("error", () => connection.destroy());
    connection.once("data", (data) => {
      if (data.toString().trim() === "stop") askedToStop("asked to stop");
      connection.end(`${JSON.stringify(status())}\n`);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socket, resolve);
  });
  return server;
}
