import { createHash } from "node:crypto";
import { copyFile, mkdtemp, open, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dataPaths } from "../../control-plane/paths.ts";
import { createRun } from "../../control-plane/platform/run.ts";
import { openWorld, type World } from "../e2e/world.ts";
import { table } from "../support/table.ts";
import { berth, must } from "./scene.ts";

const run = createRun(process.env);
let world: World;
let folder: string;
let whole: string;

beforeAll(async () => {
  world = await openWorld();
  folder = await mkdtemp(join(tmpdir(), "berth-backups-"));
  await must(world, "platform", "backup", folder);
  const [name = ""] = await readdir(folder);
  whole = join(folder, name);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Unpacks the backup, lets its manifest be changed, and packs it again as if that were right. */
async function repacked(change: (manifest: Record<string, unknown>) => void): Promise<string> {
  const inside = await mkdtemp(join(folder, "inside-"));
  await run("tar", ["-xf", whole, "-C", inside]);
  const manifest = JSON.parse(await readFile(join(inside, "manifest.json"), "utf8")) as Record<
    string,
    unknown
  >;
  change(manifest);
  const text = JSON.stringify(manifest);
  await writeFile(join(inside, "manifest.json"), text);
  await writeFile(join(inside, "manifest.sha256"), createHash("sha256").update(text).digest("hex"));
  const file = `${inside}.tar`;
  await run("tar", ["-cf", file, "-C", inside, ...(await readdir(inside))]);
  return file;
}

/** A copy of which a byte is another one, at a place counted from where `text` is. */
async function flipped(text: string, offset: number): Promise<string> {
  const file = join(folder, `flipped-${text.replaceAll("/", "-")}`);
  await copyFile(whole, file);
  const at = (await readFile(file)).indexOf(text) + offset;
  const handle = await open(file, "r+");
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, at);
  await handle.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, at);
  await handle.close();
  return file;
}

async function cut(bytes: number): Promise<string> {
  const file = join(folder, `cut-${bytes}`);
  await copyFile(whole, file);
  await truncate(file, bytes);
  return file;
}

async function written(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

const cases: Array<{ name: string; file: () => Promise<string>; says: string }> = [
  { name: "not there", file: async () => join(folder, "none"), says: "There is no file" },
  { name: "empty", file: () => written("empty", ""), says: "it was cut off, or is no backup of" },
  {
    name: "no archive",
    file: () => written("text", "a text\n".repeat(1_000)),
    says: "it was cut off, or is no backup of",
  },
  { name: "cut in its manifest", file: () => cut(2_000), says: "it was cut off, or is no backup of" },
  {
    name: "cut in its middle",
    file: async () => cut(Math.round((await stat(whole)).size / 2)),
    says: "it was cut off, or is no backup of",
  },
  { name: "changed in its manifest", file: () => flipped('"tenants"', 2), says: "its manifest was changed" },
  {
    name: "changed in a dump",
    // The name stands in the archive's header, of 512 bytes, before the content; first in the manifest.
    file: async () => flipped("PGDMP", 200),
    says: "is not what it was when the backup was made",
  },
  {
    name: "of another format",
    file: () => repacked((manifest) => Object.assign(manifest, { format: 2, berth: "9.9.9" })),
    says: "was written by Berth 9.9.9, whose backups have format 2; this one reads format 1",
  },
  {
    name: "of a later version's tables",
    file: () => repacked((manifest) => Object.assign(manifest, { migrations: { instance: 9e12 } })),
    says: 'whose tables in the database "instance" this version does not know',
  },
  {
    name: "one that leads out of its folder",
    file: () =>
      repacked((manifest) => {
        const [first] = manifest.parts as Array<{ name: string }>;
        if (first) first.name = "data/../../escaped";
      }),
    says: "its manifest does not say what a manifest says",
  },
];

const rows: string[][] = [];
afterAll(() => console.log(table(["the file is", "what is said"], rows)));

test.each(cases)(
  "a restore refuses a file that is $name, before it changes anything",
  async ({ name, file, says }) => {
    const dataDir = `${world.settings.dataDir}-none`;
    const elsewhere = { ...world, env: { ...world.env, BERTH_DATA_DIR: dataDir } };
    const path = await file();
    const { code, text } = await berth(elsewhere, ["platform", "restore", path]);
    const said = text.split("\n").find((line) => line.startsWith("berth: ")) ?? text;
    rows.push([name, said.slice(7).replaceAll(path, "FILE")]);
    expect(code).toBe(1);
    expect(said).toContain(says);
    await expect(stat(dataDir), "nothing was made").rejects.toThrow(/ENOENT/);
  },
);

test("no secret is in the arguments of what makes a backup", async () => {
  const { secrets } = dataPaths(world.settings.dataDir);
  const names = (await readdir(secrets)).filter((name) => !name.endsWith(".json"));
  const values = await Promise.all(
    names.map(async (name) => (await readFile(join(secrets, name), "utf8")).trim()),
  );
  let done = false;
  const backup = must(world, "platform", "backup", join(folder, "watched.tar")).finally(() => {
    done = true;
  });
  let looks = 0;
  let sawDump = false;
  while (!done) {
    const all = await run("ps", ["-eo", "args", "-ww"]);
    sawDump ||= all.includes("pg_dump");
    for (const value of values) expect(all.includes(value)).toBe(false);
    looks += 1;
  }
  await backup;
  expect(sawDump, `pg_dump was among the processes in one of ${looks} looks`).toBe(true);
});

test("where there is no room for a backup that is said, nothing half is left, and the older one stays", async () => {
  const small = await mkdtemp(join(tmpdir(), "berth-small-"));
  const target = join(small, "berth.tar");
  await run("mount", ["-t", "tmpfs", "-o", "size=200k", "tmpfs", small]);
  try {
    await writeFile(target, "yesterday's");
    const { code, text } = await berth(world, ["platform", "backup", target]);
    expect(code).toBe(1);
    expect(text).toContain(`There is not enough space in ${small} for the backup.`);
    expect(await readdir(small)).toEqual(["berth.tar"]);
    expect(await readFile(target, "utf8")).toBe("yesterday's");
  } finally {
    await run("umount", [small]);
    await rm(small, { recursive: true });
  }
});

test("what a backup that was killed has left is removed by the next, which replaces the file whole", async () => {
  const target = join(folder, "again.tar");
  await writeFile(target, "yesterday's");
  const killed = await berth(world, ["platform", "backup", target], (line, child) => {
    if (line.includes("database auth") && child.pid) process.kill(-child.pid, "SIGKILL");
  });
  expect(killed.code).toBeNull();
  expect(await readFile(target, "utf8")).toBe("yesterday's");
  const left = async () => (await readdir(folder)).filter((name) => name.startsWith(".berth-backup-"));
  expect(await left()).toHaveLength(1);
  await must(world, "platform", "backup", target);
  expect(await left()).toEqual([]);
  await must(world, "platform", "backup", "--verify", target);
});
