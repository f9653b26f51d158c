import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Tool } from "../control-plane/tool-names.ts";
import { type BinaryName, binaries } from "./binaries.ts";
import { binaryArtifact } from "./binary-artifact.ts";
import type { Engine } from "./engine/request.ts";
import { ensurePresent } from "./ensure-present.ts";
import { NotAvailable, ToolchainError } from "./errors.ts";
import { imageSource } from "./image-artifact.ts";
import {
  type ImageBinary,
  type ImageName,
  images,
  type TenantImage,
  type ToolImageName,
  toolImages,
  toolsInOrder,
} from "./images.ts";
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
  /** What people are to have beside what tenants need. Default: all. */
  tools?: readonly Tool[];
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
  /** Of tools, those that were asked for; Grafana's only where it can be pulled. */
  images: Record<TenantImage, ToolImage> & Partial<Record<ToolImageName, ToolImage>>;
}

/** Said where only Grafana's own image would do, and it cannot be had. */
export const grafanaLeftOut =
  "Grafana's image cannot be pulled here; it is left out. Dashboards are in monitoring/dashboards/json.";

/** What was obtained, with the manifests that say where from. */
export interface Outcome {
  tools: Tools;
  entries: Entry[];
  /** Sentences about what is not to be had here. */
  leftOut: string[];
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
  const binary = (name: BinaryName | ImageBinary) => {
    const artifact = binaryArtifact(name, binaries[name], shared);
    return { key: artifact.build.key, obtain: () => builds(() => obtain(artifact, context)) };
  };
  const pulls = inOrder();
  const image = async (name: ImageName) => {
    const source = imageSource(name, images[name], {
      ...shared,
      engine,
      debianMirror: sources.debianMirror,
      binary,
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
  // Not before all that tenants need is there.
  const wanted = (options.tools ?? toolsInOrder).filter((tool) => tool !== "grafana");
  const extra = wanted.flatMap((tool): ToolImageName[] => [...toolImages[tool]]);
  const others = await all(
    extra.map((name) => (name === "mailpit" ? image(name) : pulls(() => image(name)))),
  );
  const made = Object.fromEntries(extra.map((name, index) => [name, others[index]])) as Partial<
    Record<ToolImageName, Awaited<ReturnType<typeof image>>>
  >;
  const leftOut: string[] = [];
  if (options.tools?.includes("grafana") ?? true) {
    // Where the registry could not be reached for the others it is not waited for in each run.
    const open = sources.use === "official" || postgres.entry.manifest.source === "official";
    const grafana = open ? await ifAvailable(image("grafana")) : undefined;
    if (grafana) made.grafana = grafana;
    else leftOut.push(grafanaLeftOut);
  }
  const tenants = { odoo, postgres, redis, traefik };
  const imagesOf = <Name extends string>(all: Record<Name, { image: ToolImage }>) =>
    Object.fromEntries(
      Object.entries<{ image: ToolImage }>(all).map(([name, one]) => [name, one.image]),
    ) as Record<Name, ToolImage>;
  return {
    tools: {
      pulumi: pulumi.dir,
      plugins: { docker: docker.dir, postgresql: postgresql.dir },
      node: process.execPath,
      images: { ...imagesOf(made as Required<typeof made>), ...imagesOf(tenants) },
    },
    entries: [
      ...[pulumi, docker, postgresql, postgres.entry, redis.entry, odoo.entry, traefik.entry],
      ...Object.values(made).map(({ entry }) => entry),
    ],
    leftOut,
  };
}

/** Nothing where the official one cannot be had. */
async function ifAvailable<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof NotAvailable) return undefined;
    throw error;
  }
}

/** Lets every work end, also when one fails: what was made is in the cache for the next run. */
async function all<T extends unknown[]>(works: readonly [...{ [K in keyof T]: Promise<T[K]> }]): Promise<T> {
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
