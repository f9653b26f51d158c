import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { ensureSecrets } from "../../secrets.ts";
import { everyContainerName } from "../applied.ts";
import { bringPartsUp, type PlatformArgs } from "../bring-up.ts";
import { ensureDatabases } from "../databases.ts";
import { containers } from "../docker.ts";
import { alone } from "../lock.ts";
import { createRun, type Run } from "../run.ts";
import { readPart } from "./archive.ts";
import { mustBeClear } from "./clear.ts";
import { isFull } from "./full.ts";
import type { Manifest } from "./manifest.ts";
import { fileOfPart } from "./parts.ts";
import { pgProgram } from "./pg-program.ts";
import { fillDatabases } from "./restore-databases.ts";
import { endRestoring, noteRestoring, type Restoring } from "./restoring.ts";
import { verifyBackup } from "./verify.ts";

export interface RestoreOptions {
  file: string;
  /** What becomes of control plane databases that are still there; not said: they are a reason to refuse. */
  databases?: Restoring["databases"] | undefined;
}

export interface Restored {
  manifest: Manifest;
  databases: Restoring["databases"];
}

/**
 * Puts a backup into an empty data folder and the platform's PostgreSQL. Everything that can be refused is refused before
 * anything is changed. What was broken off in the middle is done by running it again. The platform's parts are up after
 * it, and the control plane is not.
 */
export async function restore(args: PlatformArgs, options: RestoreOptions): Promise<Restored> {
  const { settings, env, progress } = args;
  const file = resolve(options.file);
  progress(`reading ${file}`);
  const manifest = await verifyBackup(env, file);
  const restoring = await mustBeClear(args, { file, manifest, databases: options.databases });
  const run = createRun(env);
  await unpack(args, manifest, restoring).catch((error) => {
    throw isFull(error) ? full(settings.dataDir, error) : error;
  });
  progress(`${settings.dataDir} is restored`);
  const waits = () => progress("another run works on this platform; waiting for it");
  await alone(settings.dataDir, waits, async () => {
    await removeParts(run, args);
    await bringPartsUp(args, run);
    await ensureDatabases(settings);
    if (restoring.databases === "replace") {
      const pg = pgProgram(settings, args.tools.images.postgres.ref, env);
      await fillDatabases({ settings, env, progress, pg, manifest, restoring });
      // Who may connect is not in a dump.
      await ensureDatabases(settings);
    }
    await endRestoring(settings.dataDir);
  });
  return { manifest, databases: restoring.databases };
}

async function unpack(
  { settings, env }: PlatformArgs,
  manifest: Manifest,
  restoring: Restoring,
): Promise<void> {
  const { dataDir } = settings;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await noteRestoring(dataDir, restoring);
  for (const { name } of manifest.parts) {
    const path = fileOfPart(dataDir, name);
    if (!path) continue;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    // Again from its beginning, if an interrupted run wrote half of it.
    await pipeline(readPart(env, restoring.file, name), createWriteStream(path, { mode: 0o600 }));
  }
  await ensureSecrets(settings);
}

function full(dataDir: string, cause: unknown): Error {
  return new Error(
    `There is not enough space for the data folder ${dataDir}, which is restored in part. Free some space, and run the restore again. No database was touched.`,
    { cause },
  );
}

/** Containers of before have the lost folder's files and sockets, not these. What they keep is in volumes. */
async function removeParts(run: Run, { settings, progress }: PlatformArgs): Promise<void> {
  const there = await containers(run, everyContainerName(settings.env));
  if (there.length === 0) return;
  progress("the platform's containers are made anew; their data stay");
  const names = there.map(({ name }) => name);
  await run("docker", ["stop", "--time", "60", ...names]);
  await run("docker", ["rm", ...names]);
}
