import { rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import type { Logger } from "../observability/log.ts";
import { type Lock, takeLock } from "../platform/lock.ts";
import { until } from "../until.ts";
import type { SupervisorStatus } from "./ask.ts";
import type { ChildSpec } from "./child.ts";
import { Children } from "./children.ts";
import { codeFingerprint } from "./code.ts";
import { type Kept, rotate } from "./rotate.ts";
import { watchCode } from "./watch.ts";

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
  /** Whether the children are restarted when the code changes. */
  watches: boolean;
  /** Where that is, if not where this program is. */
  root?: string;
}

/**
 * Runs the children until asked to stop over the socket or by a signal.
 * Resolves when all of them are gone; throws when another supervisor runs.
 */
export async function supervise(options: SuperviseOptions): Promise<void> {
  const { socket, children: specs, settings, log, kept } = options;
  const lock = await onlyHere(socket);
  const codeNow = () => codeFingerprint(options.root);
  const code = codeNow();
  const children = new Children(specs, log, codeNow);
  const watching = watchingFor(children, log, options.root);
  const { promise: stopped, resolve: askedToStop } = Promise.withResolvers<string>();
  const status = (): SupervisorStatus => ({
    ...{ pid: process.pid, settings, code, watches: watching.isOn(), children: children.status() },
  });
  const server = await open(socket, status, (word, name) => {
    if (word === "stop") askedToStop("asked to stop");
    if (word === "restart") children.restart("asked to", name);
    if (word === "watch") watching.begin();
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => askedToStop(signal));
  children.start();
  if (options.watches) watching.begin();
  const rotating = setInterval(() => {
    for (const { logFile } of specs) rotateOrTell(logFile, kept, log);
  }, lookEveryMs);
  log.info({ reason: await stopped }, "stopping");
  watching.end();
  await children.stop();
  clearInterval(rotating);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  await rm(socket, { force: true });
  await lock.release();
  log.info("stopped");
}

/** Restarts those children that were started with other code than there is now, whenever that changes. */
function watchingFor(children: Children, log: Logger, root: string | undefined) {
  let watcher: { close(): void } | undefined;
  const end = () => {
    watcher?.close();
    watcher = undefined;
  };
  const failed = (error: Error) => {
    end();
    log.error({ err: error }, "changes of the code are not watched any more; make dev-restart runs them");
  };
  const restartOlder = () => {
    const now = codeFingerprint(root);
    for (const { name, code } of children.status())
      if (code !== now) children.restart("the code has changed", name);
  };
  return {
    isOn: () => watcher !== undefined,
    begin() {
      try {
        watcher ??= watchCode(restartOlder, failed, root);
      } catch (error) {
        failed(error as Error);
      }
    },
    end,
  };
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
  onWord: (word: string | undefined, name: string | undefined) => void,
): Promise<Server> {
  // Left behind by one that was killed.
  await rm(socket, { force: true });
  const server = createServer((connection) => {
    connection.on("error", () => connection.destroy());
    connection.once("data", (data) => {
      const [word, name] = data.toString().trim().split(" ");
      onWord(word, name);
      connection.end(`${JSON.stringify(status())}\n`);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socket, resolve);
  });
  return server;
}
