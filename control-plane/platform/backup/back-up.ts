import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { berthVersion } from "../../version.ts";
import type { PlatformArgs } from "../bring-up.ts";
import { alone } from "../lock.ts";
import { createMeter, pack } from "./archive.ts";
import { type Cut, cutDatabases } from "./cut.ts";
import { isFull } from "./full.ts";
import { noteBackup } from "./last-backup.ts";
import { format, type Manifest, manifestHashName, manifestName, type Part, placeOf } from "./manifest.ts";
import { dumpName, findFiles } from "./parts.ts";
import { pgProgram } from "./pg-program.ts";
import { withStaging } from "./staging.ts";
import { verifyBackup } from "./verify.ts";

export interface MadeBackup {
  file: string;
  bytes: number;
  manifest: Manifest;
}

/**
 * Writes a backup of the control plane's record while everything runs: a file of mode 0600 that is there whole or not at
 * all. Tenants' own databases and files are not in it.
 * @param target the file, or a folder for a file that is named by environment and time
 */
export async function backUp(args: PlatformArgs, target: string): Promise<MadeBackup> {
  const file = await fileFor(args.settings.env, target);
  try {
    const made = await withStaging(file, (folder) => write(args, file, folder));
    // It is good, whether or not that can be noted.
    await noteBackup(args.settings.dataDir, made.manifest.at).catch((error: Error) =>
      args.progress(`that there is a backup could not be noted: ${error.message}`),
    );
    return made;
  } catch (error) {
    throw isFull(error) ? full(file, error) : error;
  }
}

async function write(args: PlatformArgs, file: string, folder: string): Promise<MadeBackup> {
  const { settings, tools, env, progress } = args;
  const parts = await copyFiles(args, folder);
  progress(`${parts.length} files of ${settings.dataDir}`);
  const pg = pgProgram(settings, tools.images.postgres.ref, env);
  const made = await cutDatabases(settings, async (cut) => {
    progress(`all databases as they were at ${cut.at.toISOString()}`);
    for (const [database, { snapshot }] of cut.sights) {
      const name = dumpName(database);
      const part = await store(folder, name, (to) => pg.dump(database, snapshot, to));
      parts.push(part);
      progress(`database ${database}: ${inWords(part.bytes)}`);
    }
    return describe(args, cut, parts);
  });
  const text = `${JSON.stringify(made, null, 2)}\n`;
  await writeFile(join(folder, manifestName), text, { mode: 0o600 });
  const hash = createHash("sha256").update(text).digest("hex");
  await writeFile(join(folder, manifestHashName), `${hash}\n`, { mode: 0o600 });
  const packed = join(folder, "packed.tar");
  await writeFile(packed, "", { mode: 0o600 });
  await pack(env, folder, [manifestName, manifestHashName, ...parts.map(({ name }) => name)], packed);
  await verifyBackup(env, packed);
  await keep(packed, file);
  return { file, bytes: (await stat(file)).size, manifest: made };
}

/** Copies the files of the data folder; nobody brings the platform up meanwhile, who would write its state. */
async function copyFiles({ settings, progress }: PlatformArgs, folder: string): Promise<Part[]> {
  const waits = () => progress("another run works on this platform; waiting for it");
  return alone(settings.dataDir, waits, async () => {
    const parts: Part[] = [];
    for (const { name, path } of await findFiles(settings.dataDir))
      parts.push(await store(folder, name, ([meter, to]) => pipeline(createReadStream(path), meter, to)));
    return parts;
  });
}

type Through = ReturnType<typeof createMeter>["through"];

async function store(
  folder: string,
  name: string,
  fill: (to: [Through, ReturnType<typeof createWriteStream>]) => Promise<void>,
): Promise<Part> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const meter = createMeter();
  await fill([meter.through, createWriteStream(path, { mode: 0o600 })]);
  return { name, ...meter.read() };
}

async function describe({ settings }: PlatformArgs, cut: Cut, parts: Part[]): Promise<Manifest> {
  const ask = async <Row>(database: string, text: string): Promise<Row[]> =>
    (await cut.sights.get(database)?.client.query(text))?.rows ?? [];
  const migrations: Record<string, number> = {};
  for (const database of ["auth", "tenant", "instance"]) {
    const [row] = await ask<{ at: string }>(
      database,
      "select max(created_at) as at from drizzle.__drizzle_migrations",
    );
    migrations[database] = Number(row?.at);
  }
  const tenants = await ask<Manifest["tenants"][number]>(
    "instance",
    `select tenant_id as id, slug, status, revision,
       to_char(ready_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as "readyAt"
     from stacks where status not in ('reserved', 'gone') order by created_at, tenant_id`,
  );
  const [berth, at] = [await berthVersion(), cut.at.toISOString()];
  return { format, id: randomUUID(), berth, at, place: placeOf(settings), migrations, tenants, parts };
}

/** Gives the finished file its name, and is sure that a machine that falls now has it. */
async function keep(packed: string, file: string): Promise<void> {
  const handle = await open(packed);
  await handle.sync().finally(() => handle.close());
  await rename(packed, file);
  const folder = await open(dirname(file));
  await folder.sync().finally(() => folder.close());
}

async function fileFor(env: string, target: string): Promise<string> {
  const path = resolve(target);
  const at = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory();
  const file = isFolder ? join(path, `berth-${env}-${at}.tar`) : path;
  const folder = await stat(dirname(file)).catch(() => undefined);
  if (!folder?.isDirectory()) throw new Error(`There is no folder ${dirname(file)} to write the backup to.`);
  return file;
}

function full(file: string, cause: unknown): Error {
  return new Error(
    `There is not enough space in ${dirname(file)} for the backup. None was made, and what was there before is untouched. Free some space, or name another place.`,
    { cause },
  );
}

/** `1.4 MB` */
export function inWords(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
