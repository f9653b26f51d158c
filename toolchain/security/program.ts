import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";

export interface Ended {
  code: number;
  out: string;
  err: string;
}

/** Runs a program to its end, whatever that is. Throws when there is no such program. */
export async function program(
  command: string,
  args: string[],
  { cwd, env }: { cwd: string; env: Record<string, string | undefined> },
): Promise<Ended> {
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? -1));
  });
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, out, err };
}

/** The last lines of what a program said, on one line. */
export function lastSaid({ out, err }: Ended): string {
  const lines = (err.trim() || out.trim()).split("\n").slice(-3);
  return lines.join(" ").replace(/\s+/g, " ").slice(0, 300);
}
