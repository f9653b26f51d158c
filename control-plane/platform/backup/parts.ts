import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { dataPaths } from "../../paths.ts";
import { broughtUpName } from "../brought-up.ts";

/** Where a backup keeps a database. */
export const dumpName = (database: string) => `databases/${database}.dump`;
const filesRoot = "data/";

/** Of the platform's folder: the salt of its stack, and with what it was ever brought up. */
const keptOfPlatform: ReadonlySet<string> = new Set(["encryption-salt", broughtUpName]);

/**
 * Files of the data folder that nothing else can make again, by their names in a backup: the secrets, and the state of the
 * platform's own stack. Not among them: what follows from these (pgpass, the services' copies), logs, and caught mails.
 */
export async function findFiles(dataDir: string): Promise<Array<{ name: string; path: string }>> {
  const paths = dataPaths(dataDir);
  const found: Array<{ name: string; path: string }> = [];
  for (const folder of [paths.secrets, paths.platformState, join(dataDir, "platform")]) {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      const isOfPlatform = folder === join(dataDir, "platform");
      // The rest of the platform's folder is written by each bring-up.
      if (!entry.isFile() || (isOfPlatform && !keptOfPlatform.has(entry.name))) continue;
      // A secret that is just being written whole beside its place.
      if (/\.[0-9a-f]{8}-[0-9a-f-]{27}$/.test(entry.name)) continue;
      found.push({ name: `${filesRoot}${relative(dataDir, path)}`, path });
    }
  }
  return found.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** The path in the data folder of a part that is a file of it; undefined for other parts. */
export function fileOfPart(dataDir: string, name: string): string | undefined {
  return name.startsWith(filesRoot) ? join(dataDir, name.slice(filesRoot.length)) : undefined;
}
