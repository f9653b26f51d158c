import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { finished } from "node:stream/promises";
import { ToolchainError } from "./errors.ts";

export interface RunOptions {
  cwd?: string;
  /** Added to the environment the process has. */
  env?: Record<string, string>;
  /** Gets every line of both outputs. */
  onLine?: (line: string) => void;
  /** File that gets all output, appended. */
  log?: string;
}

const keptLines = 15;

/**
 * Runs a command to its end and returns the lines of its standard output.
 * It is told to stop when this process dies. Throws {@link CommandFailed} with its last lines.
 */
export async function run(command: string, args: string[], options: RunOptions = {}): Promise<string[]> {
  const env = Object.entries(options.env ?? {}).map(([key, value]) => `${key}=${value}`);
  // setpriv: a build must not go on without the one who watches it.
  const child = spawn("setpriv", ["--pdeathsig", "TERM", "env", ...env, command, ...args], {
    cwd: options.cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log = options.log === undefined ? undefined : createWriteStream(options.log, { flags: "a" });
  const logged = log && finished(log);
  // Told below, when the command has ended.
  logged?.catch(() => undefined);
  const out: string[] = [];
  const last: string[] = [];
  const hear = async (stream: NodeJS.ReadableStream, keep: boolean) => {
    for await (const line of createInterface({ input: stream })) {
      if (keep) out.push(line);
      last.push(line);
      if (last.length > keptLines) last.shift();
      log?.write(`${line}\n`);
      options.onLine?.(line);
    }
  };
  const started = Promise.race([
    once(child, "spawn"),
    once(child, "error").then(([error]) => Promise.reject(error)),
  ]);
  await started;
  const [[code, signal]] = await Promise.all([
    once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>,
    hear(child.stdout, true),
    hear(child.stderr, false),
  ]);
  log?.end();
  // Who is told of a failure finds all of it there.
  await logged;
  if (code !== 0) throw new CommandFailed(command, args, code ?? signal, last, options.log);
  return out;
}

/** A command that ended badly; `last` holds its last lines of output. */
export class CommandFailed extends ToolchainError {
  override name = "CommandFailed";
  readonly last: readonly string[];

  constructor(command: string, args: string[], end: number | string | null, last: string[], log?: string) {
    const shown = [command, ...args].join(" ").slice(0, 200);
    const where = log === undefined ? "" : `\nAll of its output is in ${log}.`;
    super(`"${shown}" ended with ${end}:\n  ${last.join("\n  ")}${where}`);
    this.last = last;
  }
}
