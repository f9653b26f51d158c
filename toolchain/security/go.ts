import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type BinaryName, binaries } from "../binaries.ts";
import { binaryArtifact } from "../binary-artifact.ts";
import { goToolchain } from "../make/go-build.ts";
import { createProgress } from "../progress.ts";
import { parseToolchainSettings } from "../settings.ts";
import { createReach } from "../sources/reach.ts";
import { findEntry } from "../store/obtain.ts";
import type { Outcome, Part, Tree } from "./outcome.ts";
import { lastSaid, program } from "./program.ts";

const tool = "golang.org/x/vuln/cmd/govulncheck@v1.9.0";
/** Go's own list of advisories, as a module: the newest that the module proxy has. */
const list = "golang.org/x/vulndb@latest";

/**
 * Known advisories of the Go programs that Berth runs: those in the cache, as they were built or downloaded, and those that
 * BERTH_SCAN_BINARIES names, with colons between.
 */
export const go: Part = {
  name: "Go advisories",
  async scan(tree) {
    const names = Object.keys(binaries) as BinaryName[];
    const entries = await Promise.all(names.map((name) => filesOf(tree, name)));
    const missing = names.filter((_, n) => entries[n]?.length === 0);
    const unseen = missing.map((name) => `${name}: it is not in the cache; bin/setup makes it`);
    const files = [...entries.flat(), ...(tree.env.BERTH_SCAN_BINARIES?.split(":") ?? [])];
    return { ...(await scanBinaries(tree, files, unseen)), looked: `${files.length} programs` };
  },
};

async function scanBinaries(tree: Tree, files: string[], unseen: string[]): Promise<Omit<Outcome, "looked">> {
  try {
    const [check, database] = [await govulncheck(tree), await advisories(tree)];
    const outcomes = [];
    for (const file of files) outcomes.push(await ofBinary(tree, check, database, file));
    return {
      found: outcomes.flatMap(({ found }) => found),
      unseen: [...unseen, ...outcomes.flatMap((one) => one.unseen)],
    };
  } catch (error) {
    return { found: [], unseen: [...unseen, `all Go programs: ${(error as Error).message}`] };
  }
}

/** The programs of an artefact that is in the cache. */
async function filesOf({ cacheDir, env }: Tree, name: BinaryName): Promise<string[]> {
  const { sources } = parseToolchainSettings(env);
  const shared = {
    sources,
    reach: createReach(sources.answerWithinMs),
    recipes: join(import.meta.dirname, ".."),
    logDir: join(cacheDir, "log"),
  };
  const artifact = binaryArtifact(name, binaries[name], shared);
  const progress = createProgress({ write: () => undefined, terminal: false });
  const entry = await findEntry(artifact, { cacheDir, progress, use: sources.use });
  if (!entry) return [];
  const wanted = binaries[name].built.parts.map(({ binary }) => binary);
  return wanted.map((binary) => join(entry.dir, binary)).filter((file) => existsSync(file));
}

async function ofBinary(
  { root, env }: Tree,
  check: string,
  database: string,
  file: string,
): Promise<Pick<Outcome, "found" | "unseen">> {
  const args = ["-mode", "binary", "-db", `file://${database}`, "-format", "json", file];
  const ended = await program(check, args, { cwd: root, env });
  if (ended.code !== 0) return { found: [], unseen: [`${file}: ${lastSaid(ended)}`] };
  const called = basename(file);
  const modules = new Map<string, { advisories: Set<string>; mended: Set<string> }>();
  for (const { finding } of messages(ended.out)) {
    const [at] = finding?.trace ?? [];
    // Of a module that the program holds, and not merely names.
    if (!finding || !at?.function) continue;
    const name = `${at.module}@${at.version}`;
    const known = modules.get(name) ?? { advisories: new Set(), mended: new Set() };
    known.advisories.add(finding.osv);
    known.mended.add(finding.fixed_version ?? "none yet");
    modules.set(name, known);
  }
  const found = [...modules].map(([name, { advisories, mended }]) => {
    const all = [...advisories].toSorted();
    return {
      // One advisory more is another finding: what is accepted is what was known then.
      id: `${called} ${name} ${all.length} to ${all.at(-1)}`,
      sentence: `${called}: ${name} has ${all.length} known advisories (${all.join(", ")}), mended in ${[...mended].toSorted().join(", ")}`,
    };
  });
  return { found, unseen: [] };
}

interface Message {
  finding?: {
    osv: string;
    fixed_version?: string;
    trace: Array<{ module: string; version?: string; function?: string }>;
  };
}

/** govulncheck writes one JSON object after the other, each over several lines, beginning and ending at their margin. */
function messages(text: string): Message[] {
  const parts = text.split(/^}\n/m).filter((part) => part.trim() !== "");
  return parts.map((part) => JSON.parse(`${part}}`) as Message);
}

async function govulncheck({ cacheDir, env, root }: Tree): Promise<string> {
  const folder = join(cacheDir, "security", `govulncheck-${tool.split("@")[1]}`);
  const file = join(folder, "govulncheck");
  if (existsSync(file)) return file;
  const options = { cwd: root, env: { ...env, ...goToolchain, GOBIN: folder, GOFLAGS: "-buildvcs=false" } };
  const ended = await program("go", ["install", tool], options).catch(() => undefined);
  if (!ended) throw new Error("there is no Go to make govulncheck with");
  if (ended.code !== 0) throw new Error(`govulncheck cannot be had (${lastSaid(ended)})`);
  return file;
}

interface Advisory {
  id: string;
  aliases?: string[];
  affected?: Array<{ package: { name: string } }>;
}

/** The list in the form in which govulncheck reads it from a folder; made once for each version of it. */
async function advisories({ cacheDir, env, root }: Tree): Promise<string> {
  const asked = await program("go", ["mod", "download", "-json", list], { cwd: root, env });
  if (asked.code !== 0) throw new Error(`Go's list of advisories cannot be had (${lastSaid(asked)})`);
  const { Version, Dir } = JSON.parse(asked.out) as { Version: string; Dir: string };
  const folder = join(cacheDir, "security", `advisories-${Version}`);
  if (existsSync(folder)) return folder;
  const work = `${folder}.${process.pid}`;
  const modified = new Date(0).toISOString();
  const modules = new Map<string, Array<{ id: string; modified: string }>>();
  const vulns: Array<{ id: string; modified: string; aliases: string[] }> = [];
  for (const part of ["ID", "index"]) await mkdir(join(work, part), { recursive: true });
  const names = (await readdir(join(Dir, "data", "osv"))).filter((name) => name.endsWith(".json"));
  for (const name of names) {
    const advisory = JSON.parse(await readFile(join(Dir, "data", "osv", name), "utf8")) as Advisory;
    vulns.push({ id: advisory.id, modified, aliases: advisory.aliases ?? [] });
    for (const module of new Set(advisory.affected?.map((one) => one.package.name)))
      modules.set(module, [...(modules.get(module) ?? []), { id: advisory.id, modified }]);
    await writeFile(join(work, "ID", name), JSON.stringify({ ...advisory, modified }));
  }
  const index = async (name: string, value: unknown) =>
    writeFile(join(work, "index", `${name}.json`), JSON.stringify(value));
  await index("db", { modified });
  await index("vulns", vulns);
  await index("modules", [...modules].map(([path, all]) => ({ path, vulns: all })));
  await rename(work, folder).catch(async (error: NodeJS.ErrnoException) => {
    // Another run was sooner.
    await rm(work, { recursive: true });
    if (error.code !== "ENOTEMPTY") throw error;
  });
  return folder;
}
