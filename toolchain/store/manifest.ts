import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, open, readdir, readFile, readlink, rename, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { pipeline } from "node:stream/promises";
import { z } from "zod";

const manifestSchema = z.object({
  name: z.string(),
  key: z.string(),
  /** Where it came from: the vendor, or a build on this machine. */
  source: z.enum(["official", "built"]),
  version: z.string(),
  /** What else is worth knowing: package versions, digests, addresses. */
  facts: z.record(z.string(), z.string()),
  madeAt: z.iso.datetime(),
  files: z.record(z.string(), z.object({ size: z.number(), sha256: z.string() })),
});
export type Manifest = z.infer<typeof manifestSchema>;

const manifestName = "manifest.json";
const seenName = "verified.json";

/** Writes a finished folder's manifest and makes everything in it durable. */
export async function seal(dir: string, about: Omit<Manifest, "files" | "madeAt">): Promise<Manifest> {
  const files: Manifest["files"] = {};
  for (const path of await paths(dir)) {
    files[path] = { size: (await lstat(join(dir, path))).size, sha256: await sha256(join(dir, path)) };
    await sync(join(dir, path));
  }
  const manifest = { ...about, madeAt: new Date().toISOString(), files };
  await writeFile(join(dir, manifestName), `${JSON.stringify(manifest, null, 2)}\n`);
  await sync(join(dir, manifestName));
  await sync(dir);
  return manifest;
}

/**
 * Reads a folder's manifest and holds its files against it. Files that look exactly as they did when they
 * were last hashed are not hashed again. Returns a sentence when something does not fit.
 */
export async function verify(dir: string): Promise<Manifest | string> {
  let manifest: Manifest;
  try {
    manifest = manifestSchema.parse(JSON.parse(await readFile(join(dir, manifestName), "utf8")));
  } catch (error) {
    return `its manifest cannot be read (${error instanceof Error ? error.message.split("\n")[0] : error})`;
  }
  const seen = await readSeen(dir);
  const now: Record<string, string> = {};
  for (const [path, expected] of Object.entries(manifest.files)) {
    const file = join(dir, path);
    const looks = await look(file);
    if (looks === undefined) return `${path} is missing`;
    now[path] = looks;
    if (seen[path] === looks) continue;
    if ((await lstat(file)).size !== expected.size) return `${path} has another size`;
    if ((await sha256(file)) !== expected.sha256) return `${path} has other content`;
  }
  if (JSON.stringify(seen) !== JSON.stringify(now)) {
    await writeFile(join(dir, `${seenName}.${process.pid}`), JSON.stringify(now));
    await rename(join(dir, `${seenName}.${process.pid}`), join(dir, seenName));
  }
  return manifest;
}

async function readSeen(dir: string): Promise<Record<string, string>> {
  try {
    return z.record(z.string(), z.string()).parse(JSON.parse(await readFile(join(dir, seenName), "utf8")));
  } catch {
    // Never looked at, or unreadable: everything is hashed, which is always right.
    return {};
  }
}

/** Size, times and inode: a file cannot be changed without one of these changing. */
async function look(file: string): Promise<string | undefined> {
  const stat = await lstat(file, { bigint: true }).catch(() => undefined);
  return stat && [stat.size, stat.mtimeNs, stat.ctimeNs, stat.ino, stat.mode].join(" ");
}

async function paths(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
    .sort();
}

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  if ((await lstat(file)).isSymbolicLink()) hash.update(await readlink(file));
  else await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

async function sync(path: string): Promise<void> {
  if ((await lstat(path)).isSymbolicLink()) return;
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
