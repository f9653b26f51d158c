import { join } from "node:path";
import { inspectImage } from "./engine/images.ts";
import { pullImage } from "./engine/pull.ts";
import { ToolchainError } from "./errors.ts";
import type { ImageName, ImageRecipe } from "./images.ts";
import { layerImage } from "./make/image.ts";
import type { Step } from "./progress.ts";
import { ensureRoot, packageLabel, type RootContext, rootArtifact } from "./root-artifact.ts";
import type { Reach } from "./sources/reach.ts";
import type { Sources } from "./sources/sources.ts";
import { contentKey, folderContent } from "./store/key.ts";
import type { Artifact, Entry, Way } from "./store/obtain.ts";

export interface ImageContext extends RootContext {
  sources: Sources;
  reach: Reach;
  /** Gives an artefact that this one is made from. */
  obtain(artifact: Artifact): Promise<Entry>;
}

export interface ImageSource {
  artifact: Artifact & { official: Way };
  /** Makes the image of a cache entry again in an engine that does not have it. */
  restore(entry: Entry, step: Step, scratch: string): Promise<void>;
}

const upstreamFact = "upstream";

/** An image of the catalogue: the vendor's or one built here, with our layer on it. */
export function imageSource(name: ImageName, recipe: ImageRecipe, context: ImageContext): ImageSource {
  const { engine, sources } = context;
  const layer = recipe.layer === undefined ? [] : join(context.recipes, recipe.layer);
  const layerContent = () => (typeof layer === "string" ? folderContent(layer) : layer);
  const ref = (key: string) => `berth/${name}:${recipe.version}-${key}`;
  const upstream = `${sources.registry}${recipe.upstream}`;
  const { built } = recipe;
  const root = built && rootArtifact(name, { ...recipe, built }, context);

  const pull = async (what: string, step: Step) => {
    step.say(`pulling ${what}`);
    await context.reach.registry(() => pullImage(engine, what, sources, step));
  };
  const putLayer = async (
    key: string,
    base: string,
    labels: Record<string, string>,
    dir: string,
    step: Step,
  ) => {
    await layerImage({ engine, ref: ref(key), base, layer, labels, dir, step });
    const image = await inspectImage(engine, ref(key));
    if (image === undefined) throw new ToolchainError(`The engine at ${engine.host} has lost ${ref(key)}.`);
    return { ref: ref(key), id: image.id };
  };

  const buildKey = (of: { build: Way }) => contentKey([of.build.key(), layerContent(), process.arch]);
  const official: Way = {
    version: recipe.version,
    key: () => contentKey([upstream, layerContent(), process.arch]),
    async make(dir, step) {
      await pull(upstream, step);
      const digest = (await inspectImage(engine, upstream))?.digests[0] ?? upstream;
      const labels = { "dev.berth.upstream": digest };
      return { ...(await putLayer(official.key(), upstream, labels, dir, step)), [upstreamFact]: digest };
    },
  };
  const build: Way | undefined = root && {
    version: recipe.version,
    key: () => buildKey(root),
    async make(dir, step) {
      step.waitFor(root.name);
      const made = await context.obtain(root);
      const base = await ensureRoot(engine, made, step);
      const packages = Object.entries(made.manifest.facts).filter(([fact]) => fact.startsWith(packageLabel));
      return { ...(await putLayer(buildKey(root), base, {}, dir, step)), ...Object.fromEntries(packages) };
    },
  };
  return {
    artifact: { name: `image-${name}`, official, build },
    async restore({ manifest: { source, key, facts } }, step, scratch) {
      const digest = facts[upstreamFact];
      if (source === "official" && digest !== undefined) {
        if (!(await inspectImage(engine, digest))) await pull(digest, step);
        await putLayer(key, digest, { "dev.berth.upstream": digest }, scratch, step);
      } else if (root) {
        const base = await ensureRoot(engine, await context.obtain(root), step);
        await putLayer(key, base, {}, scratch, step);
      }
    },
  };
}
