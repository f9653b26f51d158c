import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** This program's version. */
export async function berthVersion(): Promise<string> {
  const file = fileURLToPath(new URL("../package.json", import.meta.url));
  return z.object({ version: z.string() }).parse(JSON.parse(await readFile(file, "utf8"))).version;
}
