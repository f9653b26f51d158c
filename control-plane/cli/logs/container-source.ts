import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { containerLine } from "./line.ts";
import type { Source } from "./source.ts";

/** The log of a container, as the engine keeps it. @param part whose it is said to be */
export function containerSource(
  container: string,
  part: string,
  env: Record<string, string | undefined>,
): Source {
  const border = new Date().toISOString();
  const begin = (options: string[]) =>
    // What programs write as errors is log as well, in the order in which both came.
    spawn("sh", ["-c", 'exec docker logs --timestamps "$@" 2>&1', "sh", ...options, container], {
      stdio: ["ignore", "pipe", "ignore"],
      env,
    });
  return {
    async *past(since) {
      const child = begin(["--since", since.toISOString(), "--until", border]);
      for await (const text of createInterface({ input: child.stdout })) {
        const line = containerLine(part, text);
        if (line) yield line;
      }
    },
    async follow(onLine, signal) {
      const child = begin(["--follow", "--since", border]);
      const end = () => void child.kill("SIGTERM");
      if (signal.aborted) end();
      signal.addEventListener("abort", end, { once: true });
      createInterface({ input: child.stdout }).on("line", (text) => {
        const line = containerLine(part, text);
        if (line) onLine(line);
      });
      await once(child, "close");
    },
  };
}
