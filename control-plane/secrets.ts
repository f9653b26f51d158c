import { randomBytes } from "node:crypto";
import { chmod, mkdir, readFile } from "node:fs/promises";
import { deriveKeys } from "./keys.ts";
import { dataPaths, logins } from "./paths.ts";
import { ensureServiceFiles } from "./service-files.ts";
import type { Settings } from "./settings.ts";
import { writeOnce, writeWhole } from "./whole-file.ts";

/**
 * Makes what is missing of the data folder: its folders (0700), every secret (0600), the pgpass file and the services' copies.
 * A secret that is there is never touched. Safe when two run at once.
 */
export async function ensureSecrets(settings: Settings): Promise<void> {
  const paths = dataPaths(settings.dataDir);
  for (const folder of [
    paths.dataDir,
    paths.secrets,
    paths.platformState,
    paths.pulumiHome,
    paths.log,
    paths.run,
  ]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
  }
  await mkdir(paths.postgresSocketFolder, { recursive: true });
  // For the container's user; nobody else gets past the folder around it.
  await chmod(paths.postgresSocketFolder, 0o777);
  await writeOnce(paths.passphrase, randomBytes(32).toString("base64url"));
  await writeOnce(paths.key, randomBytes(32).toString("base64"));
  await writeOnce(paths.postgresPassword, randomBytes(24).toString("base64url"));
  await writeOnce(paths.redisPassword, randomBytes(24).toString("base64url"));
  await writeOnce(paths.toolsPassword, randomBytes(24).toString("base64url"));
  for (const login of logins) {
    await writeOnce(paths.loginPassword(login), randomBytes(24).toString("base64url"));
  }
  await writeWhole(paths.pgpass, await pgpass(settings));
  const keys = deriveKeys((await readFile(paths.key, "utf8")).trim());
  await ensureServiceFiles(settings.dataDir, keys);
}

/** The pgpass file follows from the settings, so it is the one file that is written again when they change. */
async function pgpass(settings: Settings): Promise<string> {
  const paths = dataPaths(settings.dataDir);
  const servers = [settings.tenantsDatabaseUrl, settings.platformDatabaseUrl].map((text) => {
    const url = new URL(text);
    return `${url.hostname}:${url.port || "5432"}`;
  });
  const lines: string[] = [];
  for (const login of logins) {
    const password = (await readFile(paths.loginPassword(login), "utf8")).trim();
    for (const server of new Set(servers)) lines.push(`${server}:*:${login}:${escaped(password)}`);
    if (login !== "provisioner") continue;
    // The login that an operator made on a server of theirs has its password in the same file.
    for (const text of [settings.tenantsDatabaseUrl, settings.platformDatabaseUrl]) {
      const { hostname, port, username } = new URL(text);
      const user = decodeURIComponent(username);
      if (user && user !== login)
        lines.push(`${hostname}:${port || "5432"}:*:${escaped(user)}:${escaped(password)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** A password may be one that an operator put there for a server of their own. */
export function escaped(password: string): string {
  return password.replaceAll(/([\\:])/g, "\\$1");
}
