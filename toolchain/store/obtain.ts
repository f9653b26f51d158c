import { mkdir, mkdtemp, readdir, rename } from "node:fs/promises";
import { basename, join } from "node:path";
import { NotAvailable, ToolchainError } from "../errors.ts";
import type { Progress, Step } from "../progress.ts";
import { run } from "../run.ts";
import { withLock } from "./lock.ts";
import { type Manifest, seal, verify } from "./manifest.ts";

/** One way to get an artefact: from the vendor, or by a build. */
export interface Way {
  /** Stands for everything that the result depends on, as it is now. */
  key(): string;
  version: string;
  /**
   * Fills `dir`, which is empty and on the cache's file system; returns facts for the manifest.
   * An official way throws {@link NotAvailable} when it cannot be gone.
   */
  make(dir: string, step: Step): Promise<Record<string, string>>;
}

export interface Artifact {
  name: string;
  official?: Way;
  build?: Way;
}

/** `auto`: the vendor's when it can be had, built otherwise. */
export type Use = "auto" | "official" | "build";

export interface ObtainContext {
  /** Everything the toolchain keeps is under here. */
  cacheDir: string;
  progress: Progress;
  use: Use;
}

export interface Entry {
  dir: string;
  manifest: Manifest;
  /** Whether it was made by this call. */
  made: boolean;
}

type Source = Manifest["source"];

/** A way with the key it had when it was asked for. */
interface Chosen extends Way {
  source: Source;
  now: string;
}

/**
 * Gives an artefact from the cache, or makes it: the official way first, the build as the fallback.
 * Safe when several processes ask at once: one makes it, the others wait. Only whole, verified
 * entries are ever given; what does not fit its manifest is made again.
 */
export async function obtain(artifact: Artifact, context: ObtainContext): Promise<Entry> {
  const ways = waysOf(artifact, context.use);
  const found = await find(artifact.name, ways, context, () => {});
  if (found) return found;
  const step = context.progress.begin(artifact.name);
  const wait = () => step.say("another run is making this: waiting for it");
  try {
    return await withLock(join(context.cacheDir, "locks", artifact.name), wait, async () => {
      const meanwhile = await find(artifact.name, ways, context, (why) => step.say(why));
      if (meanwhile) {
        step.end("made by another run");
        return meanwhile;
      }
      await removeLeftovers(artifact.name, context.cacheDir);
      const entry = await make(artifact.name, ways, context, step);
      step.end(`ready, ${entry.manifest.source} ${entry.manifest.version}`);
      return entry;
    });
  } catch (error) {
    step.end("failed");
    throw error;
  }
}

/** What the cache has of an artefact, whole; nothing is made. */
export function findEntry(artifact: Artifact, context: ObtainContext): Promise<Entry | undefined> {
  return find(artifact.name, waysOf(artifact, context.use), context, () => {});
}

function waysOf({ official, build }: Artifact, use: Use): Chosen[] {
  const ways: Chosen[] = [];
  if (official && use !== "build") ways.push({ ...official, source: "official", now: official.key() });
  if (build && use !== "official") ways.push({ ...build, source: "built", now: build.key() });
  return ways;
}

const folder = (context: ObtainContext, name: string, { source, now }: Chosen) =>
  join(context.cacheDir, "artifacts", `${name}-${source}-${now}`);

async function find(
  name: string,
  ways: Chosen[],
  context: ObtainContext,
  onMisfit: (why: string) => void,
): Promise<Entry | undefined> {
  const there = await readdir(join(context.cacheDir, "artifacts")).catch((): string[] => []);
  for (const way of ways) {
    const dir = folder(context, name, way);
    if (!there.includes(basename(dir))) continue;
    const manifest = await verify(dir);
    if (typeof manifest !== "string") return { dir, manifest, made: false };
    onMisfit(`the copy in the cache cannot be used, ${manifest}: it is made again`);
  }
  return undefined;
}

async function make(name: string, ways: Chosen[], context: ObtainContext, step: Step): Promise<Entry> {
  let reason = "no way to get it is allowed";
  for (const way of ways) {
    const { source, now: key, version } = way;
    const artifacts = join(context.cacheDir, "artifacts");
    await mkdir(artifacts, { recursive: true });
    const temporary = await mkdtemp(join(artifacts, leftoverPrefix(name)));
    try {
      const facts = await way.make(temporary, step);
      if (way.key() !== key) {
        throw new ToolchainError(
          `The recipe of ${name} was changed while it was being made: run this again.`,
        );
      }
      const manifest = await seal(temporary, { name, key, source, version, facts });
      const dir = folder(context, name, way);
      await removeTree(dir);
      await rename(temporary, dir);
      return { dir, manifest, made: true };
    } catch (error) {
      await removeTree(temporary);
      if (!(error instanceof NotAvailable)) throw error;
      reason = error.message;
      step.say(`not from the vendor: ${reason}`);
    }
  }
  throw new NotAvailable(`${name} cannot be had: ${reason}.`);
}

const leftoverPrefix = (name: string) => `.making-${name}.`;

/** Under the lock nobody else makes this artefact, so what lies around was left by a dead run. */
async function removeLeftovers(name: string, cacheDir: string): Promise<void> {
  const artifacts = join(cacheDir, "artifacts");
  const entries = await readdir(artifacts).catch(() => []);
  for (const entry of entries.filter((entry) => entry.startsWith(leftoverPrefix(name)))) {
    await removeTree(join(artifacts, entry));
  }
}

/** A build's leftover may still have the machine's /dev mounted in it: never cross into that. */
async function removeTree(path: string): Promise<void> {
  await run("rm", ["-rf", "--one-file-system", path]);
}
