import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { dataPaths } from "../../paths.ts";
import { isOwnServer, type Settings } from "../../settings.ts";
import type { Variables } from "./archive.ts";

/** PostgreSQL's own programs, of the version that the platform runs. */
export interface PgProgram {
  /** Writes a database, as a snapshot sees it, through streams of which the last one keeps it. */
  dump(database: string, snapshot: string, to: [...NodeJS.ReadWriteStream[], Writable]): Promise<void>;
  /** Fills an empty database from a dump: all of it, or nothing. */
  restore(database: string, from: Readable): Promise<void>;
  /** The contents of a dump, one line for each object. Needs no server. */
  list(from: Readable): Promise<string[]>;
}

/**
 * The programs come from PostgreSQL's image. Passwords reach them by the pgpass file of the data folder, never by an
 * argument.
 */
export function pgProgram(settings: Settings, image: string, env: Variables): PgProgram {
  const server = new URL(settings.platformDatabaseUrl);
  const user = isOwnServer(settings, server) ? "provisioner" : decodeURIComponent(server.username);
  const at = [
    ...["--host", server.hostname, "--port", server.port || "5432"],
    ...["--username", user, "--no-password"],
  ];
  const container = (network: string[], program: string, args: string[]) => [
    ...["run", "--rm", "--interactive", "--log-driver", "none", "--label", `berth.env=${settings.env}`],
    ...[...network, "--entrypoint", program, image, ...args],
  ];
  const passFile = "/run/berth/pgpass";
  const connected = [
    ...["--network", "host", "--env", `PGPASSFILE=${passFile}`],
    ...["--mount", `type=bind,src=${dataPaths(settings.dataDir).pgpass},dst=${passFile},readonly`],
  ];
  return {
    async dump(database, snapshot, to) {
      const options = ["--format=custom", "--lock-wait-timeout=60s", `--snapshot=${snapshot}`];
      const child = start(env, container(connected, "pg_dump", [...at, ...options, "--dbname", database]));
      child.stdin.end();
      await settle(child.ended, () => child.kill(), pipeline([child.stdout, ...to]));
    },
    async restore(database, from) {
      const options = ["--exit-on-error", "--single-transaction", "--dbname", database];
      const child = start(env, container(connected, "pg_restore", [...at, ...options]));
      child.stdout.resume();
      await settle(child.ended, () => child.kill(), pipeline(from, child.stdin));
    },
    async list(from) {
      const child = start(env, container(["--network", "none"], "pg_restore", ["--list"]));
      let text = "";
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      await settle(child.ended, () => child.kill(), pipeline(from, child.stdin));
      return text.split("\n").filter((line) => line !== "" && !line.startsWith(";"));
    },
  };
}

function start(env: Variables, args: string[]) {
  const child = spawn("docker", args, { env, stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const program = args[args.indexOf("--entrypoint") + 1];
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      const words = said.trim().split("\n").slice(-4).join(" ");
      if (code === 0) resolve();
      else reject(new Error(`${program} failed (${code}): ${words}`));
    });
  });
  return { stdin: child.stdin, stdout: child.stdout, kill: () => child.kill(), ended };
}

/**
 * Waits for the program and the stream. When both fail, the one that fell first is the reason: a program that ends
 * breaks its stream, and a stream that breaks (a full disk, a cut file) ends its program.
 */
async function settle(ended: Promise<void>, kill: () => void, flow: Promise<unknown>): Promise<void> {
  const flowed = flow.catch((error) => {
    if (isBroken(error)) return undefined;
    kill();
    throw error;
  });
  const [program, stream] = await Promise.allSettled([ended, flowed]);
  if (stream.status === "rejected") throw stream.reason;
  if (program.status === "rejected") throw program.reason;
}

/** Whether only the program's end of the stream went away. */
function isBroken(error: unknown): boolean {
  return ["EPIPE", "ERR_STREAM_PREMATURE_CLOSE"].includes((error as NodeJS.ErrnoException).code ?? "");
}
