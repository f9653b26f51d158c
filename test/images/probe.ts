// Runs inside: as the user and in the file system of a process under test. Tells as JSON what can be done from there.
// What to try comes by standard input, for there are secrets in it.
import { closeSync, openSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { join } from "node:path";
import process from "node:process";
import type { Found, Tries } from "./probe-inside.ts";

const tries = JSON.parse(readFileSync(0, "utf8")) as Tries;
const pg = createRequire(join(process.cwd(), "package.json"))("pg") as typeof import("pg");

/** What it gives, "done" for nothing, or why it does not. */
function attempt<T>(run: () => T): T | string {
  try {
    return run() ?? "done";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

function talk(path: string): Promise<string> {
  return new Promise((resolve) => {
    const connection = connect(path);
    connection.once("connect", () => resolve("connected"));
    connection.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

/** Files that can be read and hold one of the secrets. */
function holders(path: string): string[] {
  const about = attempt(() => statSync(path));
  if (typeof about === "string") return [];
  if (about.isDirectory()) {
    const names = attempt(() => readdirSync(path));
    return typeof names === "string" ? [] : names.flatMap((name) => holders(join(path, name)));
  }
  if (!about.isFile() || about.size > 4 << 20) return [];
  const text = attempt(() => readFileSync(path, "latin1"));
  return Object.entries(tries.secrets)
    .filter(([, secret]) => text.includes(secret))
    .map(([name]) => `${name} in ${path}`);
}

/** Leaves nothing where it can write. */
function writeInto(folder: string): void {
  const file = join(folder, "by-the-test");
  closeSync(openSync(file, "w"));
  rmSync(file);
}

/** "done" when the login is let in and the statement is run, or PostgreSQL's code. */
async function login({ user, password, database, run }: Tries["logins"][number]): Promise<string> {
  const client = new pg.Client({ host: "127.0.0.1", port: tries.port, user, password, database });
  client.on("error", () => undefined);
  try {
    await client.connect();
    if (run) await client.query(run);
    return "done";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

const found: Found = {
  files: tries.files.map((path) => attempt(() => closeSync(openSync(path, "r")))) as string[],
  sockets: await Promise.all(tries.sockets.map(talk)),
  writes: tries.writes.map((path) => attempt(() => writeInto(path))) as string[],
  signals: tries.processes.map((pid) => attempt(() => (process.kill(pid, 0) ? "done" : "not"))),
  becomesRoot: attempt(() => process.setuid?.(0)) as string,
  holders: [...new Set(tries.roots.flatMap(holders))].toSorted(),
  logins: await Promise.all(tries.logins.map(login)),
};
process.stdout.write(JSON.stringify(found), () => process.exit(0));
