import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BinaryName, binaries } from "./binaries.ts";
import { binaryArtifact } from "./binary-artifact.ts";
import type { Engine } from "./engine/request.ts";
import { ensurePresent } from "./ensure-present.ts";
import { ToolchainError } from "./errors.ts";
import { imageSource } from "./image-artifact.ts";
import { type ImageName, images } from "./images.ts";
import type { Progress } from "./progress.ts";
import { createReach } from "./sources/reach.ts";
import { type Sources, vendorSources } from "./sources/sources.ts";
import { type Entry, obtain } from "./store/obtain.ts";

export interface SetupOptions {
  /** Where everything that was downloaded or built is kept. */
  cacheDir: string;
  progress: Progress;
  /** The Docker engine that gets the images; the local one by default. */
  engine?: Engine;
  /** The vendors' servers by default. */
  sources?: Sources;
}

interface ToolImage {
  /** The name to run it by; it stands for exactly this content. */
  ref: string;
  /** `sha256:...`, the id of the image in the engine. */
  digest: string;
}

export interface Tools {
  /** Folder with `pulumi` and `pulumi-language-nodejs`. */
  pulumi: string;
  /** Folders with the plugins' binaries; see linkPlugins. */
  plugins: { docker: string; postgresql: string };
  /** The Node that runs this. */
  node: string;
  images: Record<ImageName, ToolImage>;
}

/** What was obtained, with the manifests that say where from. */
export interface Outcome {
  tools: Tools;
  entries: Entry[];
}

export const localEngine: Engine = { host: "unix:///var/run/docker.sock" };

/** Makes sure that everything Berth runs is there, and says where. Takes a moment when it is. */
export async function setup(options: SetupOptions): Promise<Tools> {
  return (await obtainAll(options)).tools;
}

/** Like {@link setup}, with the manifests. Throws one {@link ToolchainError} that names all that failed. */
export async function obtainAll(options: SetupOptions): Promise<Outcome> {
  const { cacheDir, progress, engine = localEngine, sources = vendorSources } = options;
  const logDir = join(cacheDir, "log");
  await mkdir(logDir, { recursive: true });
  const recipes = dirname(fileURLToPath(import.meta.url));
  const shared = { sources, reach: createReach(sources.answerWithinMs), recipes, logDir };
  const context = { cacheDir, progress, use: sources.use };

  // A Go build uses every core, so they go one after the other; images are mostly disk and network.
  const builds = inOrder();
  const binary = (name: BinaryName) => {
    const artifact = binaryArtifact(name, binaries[name], shared);
    return { key: artifact.build.key, obtain: () => builds(() => obtain(artifact, context)) };
  };
  const pulls = inOrder();
  const image = async (name: ImageName) => {
    const source = imageSource(name, images[name], {
      ...shared,
      engine,
      debianMirror: sources.debianMirror,
      binary: binary("traefik"),
      obtain: (artifact) => obtain(artifact, context),
    });
    const entry = await obtain(source.artifact, context);
    return { entry, image: await ensurePresent(engine, source, entry, options) };
  };

  const [pulumi, docker, postgresql, postgres, redis, odoo, traefik] = await all([
    binary("pulumi").obtain(),
    binary("plugin-docker").obtain(),
    binary("plugin-postgresql").obtain(),
    pulls(() => image("postgres")),
    pulls(() => image("redis")),
    pulls(() => image("odoo")),
    image("traefik"),
  ]);
  return {
    tools: {
      pulumi: pulumi.dir,
      plugins: { docker: docker.dir, postgresql: postgresql.dir },
      node: process.execPath,
      images: { odoo: odoo.image, postgres: postgres.image, redis: redis.image, traefik: traefik.image },
    },
    entries: [pulumi, docker, postgresql, postgres.entry, redis.entry, odoo.entry, traefik.entry],
  };
}

/** Lets every work end, also when one fails: what was made is in the cache for the next run. */
async function all<T extends unknown[]>(works: { [K in keyof T]: Promise<T[K]> }): Promise<T> {
  const ends = await Promise.allSettled(works);
  const failures = ends.flatMap((end) => (end.status === "rejected" ? [end.reason] : []));
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) {
    throw new ToolchainError(
      failures.map((error) => (error instanceof Error ? error.message : error)).join("\n"),
    );
  }
  return ends.map((end) => (end as PromiseFulfilledResult<unknown>).value) as T;
}

/** Runs what it is given one after the other, in the order of asking. */
function inOrder(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  };
}
