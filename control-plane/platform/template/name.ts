import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** Odoo's series that tenants get. */
export const series = "19.0";

/** Bytes: the largest file a tenant's users may upload. */
export const maxUpload = 512 * 2 ** 20;

/** Raised when `build.ts` or `finish.ts` make something else of the same image. */
const recipe = 1;

/** The script that fills the database, as text. */
export function buildScript(): Promise<string> {
  return readFile(fileURLToPath(new URL("build.py", import.meta.url)), "utf8");
}

/** Names a template by what it is made from: the same content, the same name. */
export async function templateName(odooDigest: string): Promise<{ name: string; key: string }> {
  const parts = [odooDigest, await buildScript(), String(maxUpload), String(recipe)];
  const key = createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 12);
  return { name: `odoo_${series.split(".")[0]}_template_${key}`, key };
}
