import { readFile } from "node:fs/promises";
import type { DatabaseLogin } from "./database.ts";
import { dataPaths, type Login } from "./paths.ts";
import { databaseUrl } from "./pulumi-env.ts";
import type { Settings } from "./settings.ts";

/** One of our own logins on the platform's server, its password read from its file. */
export async function readLogin(settings: Settings, login: Login, database: string): Promise<DatabaseLogin> {
  return {
    url: databaseUrl(settings.platformDatabaseUrl, login, database),
    password: await readSecret(dataPaths(settings.dataDir).loginPassword(login)),
  };
}

/** What a secret's file holds. Throws a sentence when it is not there. */
export async function readSecret(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (error) {
    throw new Error(`The file ${file} cannot be read; "bin/berth start" makes it.`, { cause: error });
  }
}
