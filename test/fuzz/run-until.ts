import { spawn } from "node:child_process";
import { once } from "node:events";

/** Milliseconds within which a program that was told to stop must have ended. */
const stopWithinMs = 10_000;

interface Program {
  command: string;
  args: string[];
  cwd: string;
  /** All of its environment but PATH. */
  env: Record<string, string>;
}

/** Runs a program to its end. After `fenceMs` it is interrupted, as by a person, and then killed. */
export async function runUntil(fenceMs: number, { command, args, cwd, env }: Program) {
  // setpriv: it must not go on without the one who watches it.
  const child = spawn("setpriv", ["--pdeathsig", "TERM", command, ...args], {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  let cutShort = false;
  const fence = setTimeout(() => {
    cutShort = true;
    child.kill("SIGINT");
  }, fenceMs);
  const last = setTimeout(() => child.kill("SIGKILL"), fenceMs + stopWithinMs);
  try {
    const [code] = (await once(child, "close")) as [number | null];
    return { code, output, cutShort };
  } finally {
    clearTimeout(fence);
    clearTimeout(last);
  }
}
