import { spawn } from "node:child_process";

export interface RunOptions {
  /** Variables on top of (or instead of) the runner's own; `undefined` takes one away. */
  env?: Record<string, string | undefined>;
  cwd?: string;
  /** Text for standard input. */
  input?: string;
  /** Called with each line of standard output as it comes. */
  onLine?: (line: string) => void;
}

export class CommandError extends Error {
  override name = "CommandError";
  /** What the command wrote, standard output first. */
  readonly output: string;
  constructor(message: string, output: string) {
    super(message);
    this.output = output;
  }
}

/** Runs a program to its end and gives its standard output. Throws {@link CommandError} when it fails. */
export type Run = (command: string, args: string[], options?: RunOptions) => Promise<string>;

/** A runner whose programs get `env` as their environment. */
export function createRun(env: Record<string, string | undefined>): Run {
  return (command, args, options = {}) =>
    new Promise((resolve, reject) => {
      const child = spawn(command, args, {
        cwd: options.cwd,
        env: { ...env, ...options.env },
        stdio: ["pipe", "pipe", "pipe"],
      });
      let stdout = "";
      let stderr = "";
      let rest = "";
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
        stdout += chunk;
        const lines = (rest + chunk).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) options.onLine?.(line);
      });
      child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
        stderr += chunk;
      });
      // A program that ends without reading its input is judged by its exit status.
      child.stdin.on("error", () => undefined);
      child.stdin.end(options.input ?? "");
      child.on("error", (cause: NodeJS.ErrnoException) => {
        const missing = cause.code === "ENOENT";
        const why = missing
          ? `The program "${command}" is not installed.`
          : `"${command}" could not be started.`;
        reject(new Error(why, { cause }));
      });
      child.on("close", (code, signal) => {
        if (rest) options.onLine?.(rest);
        if (code === 0) return resolve(stdout);
        const said = (stderr.trim() || stdout.trim()).split("\n").slice(-8).join("\n");
        const how = signal ? `was ended by ${signal}` : `failed (${code})`;
        reject(new CommandError(`"${command} ${args[0] ?? ""}" ${how}: ${said}`, `${stdout}\n${stderr}`));
      });
    });
}
