import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseLogin } from "./database.ts";
import { dataPaths, type Login } from "./paths.ts";
import { databaseUrl } from "./pulumi-env.ts";
import { isOwnServer, type Settings } from "./settings.ts";

/** One of our own logins on the platform's server, its password read from its file. */
export async function readLogin(settings: Settings, login: Login, database: string): Promise<DatabaseLogin> {
  return loginAt(settings, { login, database, file: dataPaths(settings.dataDir).loginPassword(login) });
}

/** The same, its password read from a copy. */
export async function loginAt(
  settings: Settings,
  { login, database, file }: { login: Login; database: string; file: string },
): Promise<DatabaseLogin> {
  return {
    url: databaseUrl(settings.platformDatabaseUrl, login, database),
    password: await readSecret(file),
    socketFolder: socketFolder(settings),
  };
}

/** Bytes that the name of a Unix socket may have. */
const longestSocketName = 107;

/** Of our own server, unless the data folder's name is too long for it: there is 127.0.0.1 as well. */
export function socketFolder(settings: Settings): string | undefined {
  if (!isOwnServer(settings, new URL(settings.platformDatabaseUrl))) return undefined;
  const folder = dataPaths(settings.dataDir).postgresSocketFolder;
  const name = join(folder, `.s.PGSQL.${settings.postgresPort}`);
  return Buffer.byteLength(name) > longestSocketName ? undefined : folder;
}

/** What a secret's file holds. Throws a sentence when it is not there. */
export async function readSecret(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (error) {
    throw new Error(`The file ${file} cannot be read; "bin/berth start" makes it.`, { cause: error });
  }
}
