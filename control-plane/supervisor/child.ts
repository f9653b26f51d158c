import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { Logger } from "../observability/log.ts";
import { logOutput } from "../observability/whole-process.ts";

/** One process that the supervisor keeps running. */
export interface ChildSpec {
  name: string;
  command: string;
  args: string[];
  env: Record<string, string | undefined>;
  /** Standard output, which is its log, is appended here. */
  logFile: string;
  /** Takes what it writes to standard error, which is no log: what it dies of. Writes into the same file. */
  errors: Logger;
}

export interface ChildStatus {
  name: string;
  pid: number | undefined;
  /** ISO time of the last start. */
  startedAt: string | undefined;
  /** How often it ended by itself. */
  restarts: number;
  /** How the last one ended, as a person says it. */
  lastExit: string | undefined;
  /** Fingerprint of the code that was there when it was started. */
  code: string | undefined;
}

/** A process that ran this long counts as healthy again: its next fall restarts at once. */
const healthyAfterMs = 10_000;
const firstDelayMs = 100;
const longestDelayMs = 10_000;
/** Time a child has between SIGTERM and SIGKILL. */
const graceMs = 25_000;

/** Keeps one child running until {@link stop}; restarts it with a growing pause while it keeps dying. */
export class Child {
  readonly #spec: ChildSpec;
  readonly #log: Logger;
  #process: ChildProcess | undefined;
  #startedAt = 0;
  #restarts = 0;
  #lastExit: string | undefined;
  #delayMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;
  #code: string | undefined;
  readonly #codeNow: () => string;

  /** @param codeNow fingerprint of the code on disk */
  constructor(spec: ChildSpec, log: Logger, codeNow: () => string) {
    this.#spec = spec;
    this.#log = log.child({ child: spec.name });
    this.#codeNow = codeNow;
  }

  start(): void {
    const log = openSync(this.#spec.logFile, "a", 0o600);
    // Before it is started: code that changes meanwhile is then seen as newer.
    this.#code = this.#codeNow();
    // The IPC channel tells the child when its supervisor is gone, however it went.
    const child = spawn(this.#spec.command, this.#spec.args, {
      env: this.#spec.env,
      stdio: ["ignore", log, "pipe", "ipc"],
    });
    closeSync(log);
    if (child.stderr) logOutput(child.stderr, () => this.#spec.errors);
    this.#process = child;
    this.#startedAt = Date.now();
    this.#log.info({ pid: child.pid }, "started");
    let ended = false;
    const end = (how: string) => {
      if (ended) return;
      ended = true;
      this.#ended(how);
    };
    child.once("error", (error) => end(`could not start: ${error.message}`));
    child.once("exit", (code, signal) => end(signal ? `killed by ${signal}` : `exit code ${code}`));
  }

  #ended(how: string): void {
    this.#process = undefined;
    this.#lastExit = how;
    if (this.#stopping) return;
    const healthy = Date.now() - this.#startedAt >= healthyAfterMs;
    this.#delayMs = healthy
      ? firstDelayMs
      : Math.min(longestDelayMs, Math.max(firstDelayMs, this.#delayMs * 2));
    this.#restarts += 1;
    this.#log.warn({ how, restartInMs: this.#delayMs }, "ended, will be restarted");
    this.#timer = setTimeout(() => this.start(), this.#delayMs);
  }

  status(): ChildStatus {
    return {
      name: this.#spec.name,
      pid: this.#process?.pid,
      startedAt: this.#startedAt ? new Date(this.#startedAt).toISOString() : undefined,
      restarts: this.#restarts,
      lastExit: this.#lastExit,
      code: this.#code,
    };
  }

  /** Ends it as {@link stop} does, and starts it again at once. */
  async restart(): Promise<void> {
    await this.stop();
    this.#stopping = false;
    this.#delayMs = 0;
    this.start();
  }

  /** Asks the child to end, and ends it when it does not. Resolves when it is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill("SIGTERM");
    const killer = setTimeout(() => {
      this.#log.warn("did not end in time, killed");
      child.kill("SIGKILL");
    }, graceMs);
    await gone;
    clearTimeout(killer);
  }
}
