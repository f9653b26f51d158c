import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { ToolchainError } from "../errors.ts";
import type { Step } from "../progress.ts";

export interface MmdebstrapOptions {
  /** What is being installed, for a person. */
  what: string;
  /** Where the root is unpacked; it is removed by mmdebstrap, or by whoever cleans up after a kill. */
  tmp: string;
  /** File that gets all output, appended. */
  log: string;
  step: Step;
  /** Gets the tar when the target is `-`. */
  take?: (tar: NodeJS.ReadableStream) => Promise<void>;
}

/** What mmdebstrap says of its progress, as far as a person wants to know. */
const phases = [
  "downloading packages",
  "extracting archives",
  "installing essential packages",
  "installing remaining packages",
  "creating tarball",
];

const goneMessage =
  /Unable to locate package (\S+)|Package '?([^' ]+)'? has no installation candidate|Version '[^']*' for '([^']+)' was not found/;

/** Runs mmdebstrap to its end. A package that the archive does not have is an error that names it. */
export async function mmdebstrap(args: string[], options: MmdebstrapOptions): Promise<void> {
  const { what, tmp, log, step } = options;
  const take = options.take ?? (async (tar) => void tar.resume());
  // A process namespace of its own: whoever is killed, mmdebstrap and all that it started go too.
  const apart = ["--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const command = [...apart, "env", `TMPDIR=${tmp}`, "LC_ALL=C.UTF-8", "mmdebstrap", ...args];
  const child = spawn("setpriv", command, { stdio: ["ignore", "pipe", "pipe"] });
  const out = createWriteStream(log, { flags: "a" });
  const last: string[] = [];
  const gone = new Set<string>();
  const listen = (async () => {
    for await (const line of createInterface({ input: child.stderr })) {
      out.write(`${line}\n`);
      last.push(line);
      if (last.length > 15) last.shift();
      const missing = goneMessage.exec(line);
      if (missing) gone.add(missing[1] ?? missing[2] ?? missing[3] ?? "");
      const phase = phases.find((phase) => line.startsWith(`I: ${phase}`));
      if (phase) step.say(`${phase} (${what})`);
    }
  })();
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const taken = take(child.stdout).catch((error: unknown) => {
    // Nobody reads any more: without this mmdebstrap would wait for a reader for ever.
    child.stdout.destroy();
    child.kill();
    return error;
  });
  const [code, failure] = await Promise.all([ended, taken, listen]);
  out.end();
  if (gone.size > 0) {
    throw new ToolchainError(
      `Debian's archive has no package ${[...gone].join(", ")} (any more). Look for its new name or suite and ` +
        `change the recipe in toolchain/images.ts, or use the official image. All output is in ${log}.`,
    );
  }
  if (code === 127) throw new ToolchainError("mmdebstrap is not installed: run bin/setup as root.");
  if (failure !== undefined) throw failure;
  if (code !== 0) {
    throw new ToolchainError(
      `mmdebstrap ended with ${code}:\n  ${last.join("\n  ")}\nAll output is in ${log}.`,
    );
  }
}
