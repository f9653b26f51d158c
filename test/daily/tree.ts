import { execFile, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { projectRoot } from "../../control-plane/paths.ts";

const run = promisify(execFile);

/** A copy of this program that may be changed: nobody else runs it. */
export async function copyOfTheTree(): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "berth-daily-tree-"));
  // The services' users read it.
  await chmod(folder, 0o755);
  const parts = ["bin", "components", "control-plane", "stacks", "toolchain", "docs", "test"];
  const files = ["package.json", "package-lock.json", "Pulumi.yaml", "Makefile", "tsconfig.json"];
  for (const name of [...parts, ...files])
    await cp(join(projectRoot, name), join(folder, name), { recursive: true, verbatimSymlinks: true });
  // Packages are not changed: the same files under another name cost no time and no room.
  await run("cp", ["--archive", "--link", join(projectRoot, "node_modules"), folder]);
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

export interface Ended {
  code: number;
  out: string;
  err: string;
}

/** Runs a command to its end, whatever that is. @param input for its standard input */
export async function ended(
  command: string,
  args: string[],
  options: SpawnOptions,
  input = "",
): Promise<Ended> {
  const child = spawn(command, args, { ...options, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin?.on("error", () => undefined).end(input);
  const [out, err, code] = await Promise.all([
    text(child.stdout as NodeJS.ReadableStream),
    text(child.stderr as NodeJS.ReadableStream),
    new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (status) => resolve(status ?? -1));
    }),
  ]);
  return { code, out, err };
}

/**
 * The same on a terminal, where somebody types once they are asked.
 * @param asked the end of the question; what is typed before it is asked goes to whoever runs then
 */
export async function atTerminal(
  command: string,
  options: SpawnOptions,
  asked: string,
  types: string,
): Promise<Omit<Ended, "err">> {
  const child = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
    ...options,
    stdio: ["pipe", "pipe", "inherit"],
  });
  let out = "";
  let isAsked = false;
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    out += chunk;
    if (isAsked || !out.includes(asked)) return;
    isAsked = true;
    child.stdin.write(types);
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code: code ?? -1, out };
}
