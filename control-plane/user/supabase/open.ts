import { readFile } from "node:fs/promises";
import type { Logger } from "../../observability/log.ts";
import { dataPaths } from "../../paths.ts";
import type { Settings } from "../../settings.ts";
import { createSupabase, type Supabase } from "./verify.ts";

/** Reads the environment's project, its secret from the variable or else from its file; `undefined` when none is set. */
export async function openSupabase(
  settings: Pick<Settings, "supabase" | "dataDir">,
  log: Logger,
): Promise<Supabase | undefined> {
  if (!settings.supabase) return undefined;
  const { url, secret } = settings.supabase;
  return createSupabase({
    url,
    secret: secret ?? (await secretIn(dataPaths(settings.dataDir).serviceFiles("user").supabaseJwtSecret)),
    log,
  });
}

/** Most projects have no secret to tell: no file is none. */
async function secretIn(file: string): Promise<string | undefined> {
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return undefined;
    throw new Error(`The file ${file} cannot be read.`, { cause });
  });
  if (text === undefined) return undefined;
  const secret = text.trim();
  if (secret.length < 32) throw new Error(`The secret in ${file} must have 32 characters at least.`);
  return secret;
}
