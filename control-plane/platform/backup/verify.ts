import { createHash } from "node:crypto";
import { access } from "node:fs/promises";
import { ownDatabases } from "../databases.ts";
import { measure, readPart, readText, type Variables } from "./archive.ts";
import { format, type Manifest, manifest, manifestHashName, manifestName } from "./manifest.ts";
import { dumpName } from "./parts.ts";
import type { PgProgram } from "./pg-program.ts";

/**
 * Reads a backup once from end to end and compares it with what it says of itself. Throws a sentence that says what is
 * wrong with it.
 */
export async function verifyBackup(env: Variables, file: string): Promise<Manifest> {
  const told = await readManifest(env, file);
  const names = told.parts.map(({ name }) => name);
  const missing = ownDatabases.map(({ name }) => dumpName(name)).filter((name) => !names.includes(name));
  if (missing.length > 0) throw damaged(file, `it holds no ${missing.join(", ")}`);
  for (const part of told.parts) {
    const found = await measure(readPart(env, file, part.name)).catch((cause) => {
      throw damaged(file, `"${part.name}" is missing or was cut off`, cause);
    });
    if (found.sha256 !== part.sha256 || found.bytes !== part.bytes)
      throw damaged(file, `"${part.name}" is not what it was when the backup was made`);
  }
  return told;
}

/** Has PostgreSQL's own program read the contents of every dump. Gives how many objects each lists. */
export async function listDumps(env: Variables, file: string, pg: PgProgram): Promise<Map<string, number>> {
  const listed = new Map<string, number>();
  for (const { name } of ownDatabases) {
    const lines = await pg.list(readPart(env, file, dumpName(name))).catch((cause) => {
      throw damaged(file, `PostgreSQL cannot read the dump of "${name}"`, cause);
    });
    listed.set(name, lines.length);
  }
  return listed;
}

async function readManifest(env: Variables, file: string): Promise<Manifest> {
  await access(file).catch((cause) => {
    throw new Error(`There is no file ${file}, or it cannot be read.`, { cause });
  });
  const [text, hash] = await Promise.all([
    readText(env, file, manifestName),
    readText(env, file, manifestHashName),
  ]).catch((cause) => {
    throw damaged(file, "it was cut off, or is no backup of bin/berth platform backup", cause);
  });
  if (createHash("sha256").update(text).digest("hex") !== hash.trim())
    throw damaged(file, "its manifest was changed");
  const raw = JSON.parse(text) as { format?: unknown; berth?: unknown };
  if (raw.format !== format)
    throw new Error(
      `${file} was written by Berth ${raw.berth}, whose backups have format ${raw.format}; this one reads format ${format}. Restore it with that version. Nothing was changed.`,
    );
  const parsed = manifest.safeParse(raw);
  if (!parsed.success) throw damaged(file, "its manifest does not say what a manifest says");
  return parsed.data;
}

function damaged(file: string, why: string, cause?: unknown): Error {
  return new Error(`${file} is damaged: ${why}. Nothing was changed; take another backup.`, { cause });
}
