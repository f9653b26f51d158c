import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { WorkerSetup } from "./protocol.ts";

export interface Plugins {
  /** Value of PULUMI_DEBUG_PROVIDERS: the engine attaches to these instead of starting its own. */
  attach: string;
  processes: Array<{ name: string; pid: number }>;
}

const startDeadlineMs = 30_000;

/**
 * Starts provider plugins that stay: each serves one engine after the other, never two at once, because the
 * last Configure wins. `onDeath` is called when one ends, which no plugin does by itself.
 */
export async function startPlugins(
  specs: WorkerSetup["plugins"],
  onDeath: (name: string) => void,
): Promise<Plugins> {
  const started = await Promise.all(
    specs.map(async ({ name, command, args }) => {
      const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
      const port = await firstLine(name, child);
      child.once("exit", () => onDeath(name));
      return { name, port, pid: child.pid ?? 0 };
    }),
  );
  return {
    attach: started.map(({ name, port }) => `${name}:${port}`).join(","),
    processes: started.map(({ name, pid }) => ({ name, pid })),
  };
}

function firstLine(name: string, child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`The plugin ${name} did not start: ${why}.`));
    const timer = setTimeout(() => fail(`no port within ${startDeadlineMs / 1000} s`), startDeadlineMs);
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code, signal) => fail(`it ended with ${signal ?? code}`));
    // Read on for ever: a full pipe would stop the plugin.
    const lines = createInterface({ input: child.stdout ?? process.stdin });
    lines.once("line", (line) => {
      clearTimeout(timer);
      resolve(line.trim());
    });
  });
}
