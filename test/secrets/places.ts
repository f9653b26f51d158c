import { createReadStream, existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import pg from "pg";
import { projectRoot } from "../../control-plane/paths.ts";
import { manifestName } from "../../control-plane/platform/backup/manifest.ts";
import { portsByService } from "../../control-plane/ports.ts";
import type { Item } from "./item.ts";
import { redisHolds } from "./redis-holds.ts";
import type { Run } from "./run.ts";
import type { Sample } from "./sampler.ts";

/** All places where a secret could have been left behind or shown, and what is there now. */
export async function* everyPlace(run: Run): AsyncGenerator<Item> {
  const item = (place: string, where: string, text: string | Buffer): Item => ({
    place,
    where,
    text: Buffer.from(text as string),
  });
  for (const { command, text } of run.said)
    yield item(command.includes("stack export") ? "state exports" : "output of commands", command, text);
  for (const { kind, name, text } of run.engine) yield item(kind, name, text);
  for (const { request, answer, shows } of run.recorder.exchanges)
    yield { ...item("answers", request, answer), shows };
  for (const { subject, text, html } of run.mail.mails) yield item("mails", `${subject}`, `${text}\n${html}`);
  yield* sampled(run);
  yield* dataFolder(run);
  yield* leftBehind(run);
  yield* databases(run);
  yield* redisHolds(run);
  yield* traefikTells(run);
  yield* figures(run);
}

async function* sampled({ samples }: Run): AsyncGenerator<Item> {
  for await (const line of createInterface({ input: createReadStream(samples) })) {
    const { kind, pid, command, text } = JSON.parse(line) as Sample;
    yield {
      place: kind === "arguments" ? "process arguments" : "process environments",
      where: `${pid} ${command.split("\0").join(" ").trim().slice(0, 200)}`,
      text: Buffer.from(text),
    };
  }
}

/** Everything in the data folder but what is there to hold secrets, and codes. */
async function* dataFolder({ paths }: Run): AsyncGenerator<Item> {
  for (const file of await filesIn(paths.dataDir)) {
    const isIn = (folder: string) => file.startsWith(`${folder}/`);
    if ([paths.secrets, paths.services, paths.mail].some(isIn)) continue;
    yield {
      place: isIn(paths.log) ? "log files" : isIn(paths.platformState) ? "Pulumi's state" : "data folder",
      where: relative(paths.dataDir, file),
      text: await readFile(file),
    };
  }
}

/** Whether it is, or holds, the data folder of another environment, whose secrets are its own. */
const isEnvironment = (folder: string) =>
  ["secrets", "data/secrets"].some((name) => existsSync(join(folder, name)));

/** A backup holds the keys of the environment that it is of; this run makes none. */
const isBackup = (text: Buffer) => text.subarray(0, 14).equals(Buffer.from(`${manifestName}\0`));
const isBackupInWork = (name: string) => name.startsWith(".berth-backup-");

/** Files that were written since the run began and are still there: temporary ones, stacks' config files. */
async function* leftBehind({ folder, temporary, startedAt }: Run): AsyncGenerator<Item> {
  const recent = async (root: string, isOurs: (name: string) => boolean) => {
    const names = (await readdir(root)).filter(isOurs).map((name) => join(root, name));
    const found = await Promise.all(
      names.map(async (name) => ((await stat(name)).isDirectory() ? filesIn(name) : [name])),
    );
    return found.flat();
  };
  /** For programs that ask nobody where temporary files go. What others write there is theirs. */
  const isShared = (name: string) =>
    join(tmpdir(), name) !== folder && !isEnvironment(join(tmpdir(), name)) && !isBackupInWork(name);
  const candidates = [
    ...(await filesIn(temporary)).map((file) => ({ file, isOthers: false })),
    ...(await recent(tmpdir(), isShared)).map((file) => ({ file, isOthers: true })),
    ...(await recent(projectRoot, (name) => name.startsWith("Pulumi."))).map((file) => ({
      file,
      isOthers: false,
    })),
  ];
  for (const { file, isOthers } of candidates) {
    const about = await stat(file).catch(() => undefined);
    if (!about?.isFile() || about.ctimeMs < startedAt || about.size > 16 << 20) continue;
    const text = await readFile(file).catch(() => Buffer.alloc(0));
    if (!isBackup(text)) yield { place: "files left behind", where: file, text, isOthers };
  }
}

export async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

const own = ["auth", "tenant", "instance", "pulumi", "postgres"];

/** Every row of every table of the control plane's databases, and what PostgreSQL knows of itself. */
async function* databases(run: Run): AsyncGenerator<Item> {
  for (const database of own) {
    const tables = await run.sql<{ schema: string; name: string }>(
      database,
      `select table_schema as schema, table_name as name from information_schema.tables
       where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
    );
    for (const { schema, name } of tables) {
      const table = `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`;
      const rows = await run.sql<{ row: string }>(
        database,
        `select to_jsonb(t)::text as row from ${table} t`,
      );
      const place =
        name === "audit" ? "audit rows" : database === "pulumi" ? "Pulumi's state" : "rows of tables";
      for (const { row } of rows)
        yield { place, where: `${database}.${name}`, text: Buffer.from(`${row}\n${decoded(row)}`) };
    }
  }
  for (const view of [
    "pg_authid",
    "pg_settings",
    "pg_stat_activity",
    "pg_user_mappings",
    "pg_db_role_setting",
    "pg_shdescription",
  ]) {
    const rows = await run.sql<{ row: string }>("postgres", `select to_jsonb(t)::text as row from ${view} t`);
    yield {
      place: "PostgreSQL of itself",
      where: view,
      text: Buffer.from(rows.map(({ row }) => row).join("\n")),
    };
  }
  for (const query of run.queries)
    yield { place: "queries that ran", where: query.slice(0, 60), text: Buffer.from(query) };
}

/** What Pulumi keeps is in base64, and may be in base64 once more inside. */
function decoded(row: string, depth = 0): string {
  const parts = [...row.matchAll(/[A-Za-z0-9+/]{40,}={0,2}/g)].map(([text]) =>
    Buffer.from(text, "base64").toString("utf8"),
  );
  const text = parts.join("\n");
  return depth < 1 && parts.length > 0 ? `${text}\n${decoded(text, depth + 1)}` : text;
}

async function* traefikTells(run: Run): AsyncGenerator<Item> {
  const base = `http://127.0.0.1:${run.settings().traefikAdminPort}`;
  for (const path of ["/api/rawdata", "/api/overview", "/api/entrypoints", "/api/version", "/metrics"]) {
    const answer = await fetch(`${base}${path}`);
    yield { place: "what Traefik tells", where: path, text: Buffer.from(await answer.text()) };
  }
}

/** What our own processes tell to whoever measures them. */
async function* figures(run: Run): AsyncGenerator<Item> {
  const settings = run.settings();
  const ports = new Set([...Object.values(portsByService(settings)), settings.provisionerPort]);
  for (const port of ports) {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
    yield { place: "answers", where: `GET /metrics at port ${port}`, text: Buffer.from(await answer.text()) };
  }
}
