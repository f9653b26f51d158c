import { type ChildProcess, spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { odooLogin } from "../../control-plane/cli/odoo-login.ts";
import { projectRoot } from "../../control-plane/paths.ts";
import type { Made, World } from "../e2e/world.ts";

export interface Told {
  code: number | null;
  text: string;
}

/** Runs `bin/berth` as an operator does. `onLine` may kill it. */
export function berth(
  world: World,
  args: string[],
  onLine: (line: string, child: ChildProcess) => void = () => undefined,
): Promise<Told> {
  const child = spawn(join(projectRoot, "bin/berth"), args, {
    env: { ...process.env, ...world.env },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that whatever it has started is killed with it.
    detached: true,
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      text += `${line}\n`;
      onLine(line, child);
    });
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, text }));
  });
}

/** The same, and throws what was told when it fails. */
export async function must(world: World, ...args: string[]): Promise<string> {
  const { code, text } = await berth(world, args);
  if (code !== 0) throw new Error(`bin/berth ${args.join(" ")} ended with ${code}:\n${text}`);
  return text;
}

/** Ends a command and all it has started, in the middle. */
export function killGroup({ pid }: ChildProcess): void {
  if (pid) process.kill(-pid, "SIGKILL");
}

const databases = ["auth", "tenant", "instance", "pulumi"];

/** The control plane is stopped, its data folder and its databases are lost; tenants' databases and files are not. */
export async function loseRecord(world: World): Promise<void> {
  await must(world, "stop");
  await dropDatabases(world);
  await rm(world.settings.dataDir, { recursive: true, force: true });
}

/** Needs no file of the data folder. */
export async function psql(world: World, sql: string): Promise<string> {
  const { env, postgresPort } = world.settings;
  const inside = ["exec", "--user", "postgres", `berth-${env}-postgres`];
  return world.docker(...inside, "psql", "-p", `${postgresPort}`, "-Atqc", sql);
}

async function dropDatabases(world: World): Promise<void> {
  for (const name of databases) await psql(world, `drop database ${name} with (force)`);
}

/** Writes what only this tenant's customer can have written. */
export async function leaveWitness(world: World, { database }: Made): Promise<void> {
  await world.sql(
    database,
    "insert into ir_config_parameter (key, value) values ('witness', current_database())",
  );
}

/** True when a person can still log in to it, and finds what was written; throws when they cannot. */
export async function isAlive(world: World, { host, admin, database }: Made): Promise<boolean> {
  const rows = await world.sql(database, "select from ir_config_parameter where key = 'witness'");
  const { email, password = "" } = admin;
  await odooLogin(world.settings.httpPort, host, { database, login: email, password });
  return rows.length === 1;
}

/** Begins a tenant; its operation is for the caller to wait for. */
export async function ask(world: World, slug: string): Promise<Made> {
  const body = { slug, name: slug, admin: { email: `admin@${slug}.example` } };
  const answer = await world.api<Pick<Made, "tenant" | "operation" | "admin">>(
    "POST",
    "/tenant/v1/tenants",
    body,
  );
  const { id, url } = answer.tenant;
  const container = `berth-${world.settings.env}-${id}-production`;
  return { ...answer, host: new URL(url).hostname, container, database: `${id}_production` };
}
