import { chmod, chown, mkdir, readFile, rm } from "node:fs/promises";
import type { ServiceKeys } from "./keys.ts";
import { keysText } from "./keys.ts";
import { dataPaths } from "./paths.ts";
import { type ServiceName, serviceNames } from "./service-names.ts";
import { serviceUsers } from "./service-users.ts";
import { ownLogins } from "./service-variables.ts";
import { writeWhole } from "./whole-file.ts";

/**
 * Gives every service a folder with the secrets that it needs and no other, for its own user alone (0440 in 0750). They are
 * copies of those in `secrets`, made again whenever these have changed. Also makes the folder where mails are kept.
 */
export async function ensureServiceFiles(dataDir: string, keys: ServiceKeys): Promise<void> {
  for (const name of serviceNames) await ensureFilesOf(name, dataDir, keysText(keys[name]));
  const { mail } = dataPaths(dataDir);
  await mkdir(mail, { recursive: true });
  await own(mail, serviceUsers.user, 0o770);
}

async function ensureFilesOf(name: ServiceName, dataDir: string, keys: string): Promise<void> {
  const paths = dataPaths(dataDir);
  const its = paths.serviceFiles(name);
  await mkdir(its.folder, { recursive: true, mode: 0o700 });
  await chmod(paths.services, 0o700);
  const texts: Array<[file: string, text: string | undefined]> = [
    [its.databasePassword, await textIn(paths.loginPassword(ownLogins[name].login))],
    [its.redisPassword, await textIn(paths.redisPassword)],
    [its.keys, keys],
  ];
  if (name === "user") {
    texts.push([its.smtpPassword, await textIn(paths.smtpPassword)]);
    texts.push([its.supabaseJwtSecret, await textIn(paths.supabaseJwtSecret)]);
  }
  for (const [file, text] of texts) {
    if (text === undefined) await rm(file, { force: true });
    else {
      await writeWhole(file, text);
      await own(file, serviceUsers[name], 0o440);
    }
  }
  await own(its.folder, serviceUsers[name], 0o750);
}

/** Without root there is one user for all, who is the owner already. */
async function own(path: string, user: number, mode: number): Promise<void> {
  if (process.getuid?.() === 0) await chown(path, user, serviceUsers.together);
  await chmod(path, mode);
}

/** An operator's secrets need not be there. */
async function textIn(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}
