import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { dataPaths } from "../paths.ts";
import { isOwnServer, type Settings } from "../settings.ts";
import { writeWhole } from "../whole-file.ts";

// With what an environment was ever brought up. Variables are a shell's, and the next shell may lack them: whether an environment
// may be thrown away is judged by this note as well, to which is added and from which nothing is taken.

const noted = z.object({
  env: z.string(),
  domains: z.array(z.string()).min(1),
  /** Hosts of PostgreSQL servers that are not the platform's own. */
  servers: z.array(z.string()),
});
export type BroughtUp = z.infer<typeof noted>;

export const broughtUpName = "brought-up.json";

export function broughtUpFile(dataDir: string): string {
  return join(dataPaths(dataDir).platform, broughtUpName);
}

/** Hosts of the servers that these settings name and that are not the platform's own. */
export function foreignServers(settings: Settings): string[] {
  return [settings.platformDatabaseUrl, settings.tenantsDatabaseUrl]
    .map((url) => new URL(url))
    .filter((url) => !isOwnServer(settings, url))
    .map(({ host }) => host);
}

/**
 * Adds what these settings say, before anything is made of them. A note that cannot be read stays as it is, so that what it held is
 * not lost: only a reset needs it, and refuses. The caller is alone on this platform.
 */
export async function noteBroughtUp(settings: Settings): Promise<void> {
  const { dataDir, env, domain } = settings;
  const before = await readBroughtUp(dataDir);
  if (before !== undefined && "unreadable" in before) return;
  const { domains = [], servers = [] } = before ?? {};
  const note: BroughtUp = {
    env: before?.env ?? env,
    domains: [...new Set([...domains, domain])],
    servers: [...new Set([...servers, ...foreignServers(settings)])],
  };
  await mkdir(dataPaths(dataDir).platform, { recursive: true, mode: 0o700 });
  await writeWhole(broughtUpFile(dataDir), `${JSON.stringify(note, null, 2)}\n`);
}

/** What was noted, or why that cannot be read; undefined when nothing was. */
export async function readBroughtUp(
  dataDir: string,
): Promise<BroughtUp | { unreadable: string } | undefined> {
  try {
    return noted.parse(JSON.parse(await readFile(broughtUpFile(dataDir), "utf8")));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    return { unreadable: code ?? (error instanceof SyntaxError ? message : "it is no note of ours") };
  }
}
