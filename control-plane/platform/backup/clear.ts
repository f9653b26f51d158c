import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { servicePortsOf } from "../../ports.ts";
import { parseProvisionerTag, provisionerTag, startTime } from "../../provisioner/processes/identity.ts";
import { taggedProcesses } from "../../provisioner/processes/scan.ts";
import type { Settings } from "../../settings.ts";
import type { PlatformArgs } from "../bring-up.ts";
import { takenPort } from "../taken-port.ts";
import { lookAtDatabases } from "./look-at-databases.ts";
import { type Manifest, placeOf } from "./manifest.ts";
import { type Restoring, readRestoring } from "./restoring.ts";

export interface Wanted {
  file: string;
  manifest: Manifest;
  /** What was said of databases that are still there; undefined: nothing. */
  databases: Restoring["databases"] | undefined;
}

/**
 * Looks for everything that speaks against a restore, and throws a sentence about the first. Gives what is to be done,
 * which after an interruption is what was to be done before. Changes nothing.
 */
export async function mustBeClear(args: PlatformArgs, wanted: Wanted): Promise<Restoring> {
  const { settings } = args;
  const { file, manifest } = wanted;
  mustFit(settings, manifest);
  await mustBeKnown(manifest);
  await mustNotRun(settings);
  const half = await mustBeEmpty(settings.dataDir, manifest);
  if (half) {
    mustAgree(half, wanted);
    return { ...half, file };
  }
  const found = await lookAtDatabases(args, file);
  if (found && !wanted.databases) throw new Error(`${found} ${choice}`);
  const databases = wanted.databases ?? "replace";
  return { file, backup: manifest.id, run: randomUUID(), databases, changedOver: false };
}

const choice =
  "They may be newer than the backup. To restore the data folder alone and go on with them, add --keep-databases; to put the backup's in their place, add --replace-databases: they are then kept under other names. Nothing was changed.";

/** One half of a record would be of the backup, the other of now. */
function mustAgree(half: Restoring, { databases }: Wanted): void {
  if (!databases || databases === half.databases) return;
  const begun = {
    keep: "keeps the databases that are there",
    replace: "puts the backup's databases in place",
  };
  throw new Error(
    `A restore that ${begun[half.databases]} was begun here: finish it without --${databases}-databases. Nothing was changed.`,
  );
}

/** A stack made with other settings would be changed by the next operation on it. */
function mustFit(settings: Settings, { place }: Manifest): void {
  const now = placeOf(settings);
  const names = Object.keys(now) as Array<keyof typeof now>;
  const wrong = names.filter((name) => now[name] !== place[name]);
  if (wrong.length === 0) return;
  const set = wrong.map((name) => `${name}=${place[name]}`).join(" ");
  const are = wrong.map((name) => `${name}=${now[name]}`).join(" ");
  throw new Error(
    `The backup was made with other settings (${set}) than there are now (${are}). Set them as they were, and restore again. Nothing was changed.`,
  );
}

/** Tables of a later version are not understood by this one. */
async function mustBeKnown({ migrations, berth }: Manifest): Promise<void> {
  const folders: Record<string, string> = { auth: "user", tenant: "tenant", instance: "instance" };
  const journal = z.object({ entries: z.array(z.object({ when: z.number() })) });
  for (const [database, last] of Object.entries(migrations)) {
    const file = fileURLToPath(
      new URL(`../../${folders[database]}/migrations/meta/_journal.json`, import.meta.url),
    );
    const { entries } = journal.parse(JSON.parse(await readFile(file, "utf8")));
    if (!entries.some(({ when }) => when === last))
      throw new Error(
        `The backup is of Berth ${berth}, whose tables in the database "${database}" this version does not know. Restore it with that version or a later one. Nothing was changed.`,
      );
  }
}

/** Its socket may be lost with the data folder, so it is looked for by its ports and its provisioner's processes. */
async function mustNotRun(settings: Settings): Promise<void> {
  const stop = `Stop the control plane of "${settings.env}" first. Nothing was changed.`;
  for (const { variable, port } of servicePortsOf(settings)) {
    const taken = await takenPort(variable, port, "127.0.0.1");
    if (taken) throw new Error(`${taken} If that is Berth: ${stop}`);
  }
  const living = (await taggedProcesses(provisionerTag)).map(({ tag }) =>
    parseProvisionerTag(settings.env, tag),
  );
  const owner = living.find((one) => one && startTime(one.pid) === one.startTime);
  if (owner) throw new Error(`The provisioner of "${settings.env}" runs (process ${owner.pid}). ${stop}`);
}

async function mustBeEmpty(dataDir: string, { id }: Manifest): Promise<Restoring | undefined> {
  const entries = await readdir(dataDir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  if (entries.length === 0) return undefined;
  const half = await readRestoring(dataDir);
  if (half?.backup === id) return half;
  if (half)
    throw new Error(
      `A restore of another backup into ${dataDir} was begun: finish it (bin/berth platform restore ${half.file}), or move the folder away. Nothing was changed.`,
    );
  throw new Error(
    `The data folder ${dataDir} is not empty (${entries.slice(0, 3).join(", ")}). A backup is restored into an empty one: move it away first, as in mv ${dataDir} ${dataDir}.old. Nothing was changed.`,
  );
}
