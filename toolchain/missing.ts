import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BinaryName, binaries } from "./binaries.ts";
import { binaryArtifact } from "./binary-artifact.ts";
import { inspectImage } from "./engine/images.ts";
import { imageSource } from "./image-artifact.ts";
import { type ImageName, images } from "./images.ts";
import { createProgress } from "./progress.ts";
import type { ToolchainSettings } from "./settings.ts";
import { createReach } from "./sources/reach.ts";
import { findEntry } from "./store/obtain.ts";

/** What Berth runs of binaries; what an image is made of is asked for only where the image is not there. */
const run: BinaryName[] = ["pulumi", "plugin-docker", "plugin-postgresql"];

/**
 * Names of what is not in the cache, or of images that the engine does not have, so that they would have to be made. Makes
 * nothing.
 * @param wanted images to look for
 */
export async function missingArtifacts(
  { cacheDir, engine, sources }: ToolchainSettings,
  wanted: ImageName[],
): Promise<string[]> {
  const progress = createProgress({ write: () => undefined, terminal: false });
  const recipes = dirname(fileURLToPath(import.meta.url));
  const context = { cacheDir, progress, use: sources.use };
  const reach = createReach(sources.answerWithinMs);
  const shared = { sources, reach, recipes, logDir: join(cacheDir, "log") };
  const missing: string[] = [];
  for (const name of run) {
    const artifact = binaryArtifact(name, binaries[name], shared);
    if (!(await findEntry(artifact, context))) missing.push(name);
  }
  const never = () => Promise.reject(new Error("Nothing is made by a look."));
  for (const name of wanted) {
    const { artifact } = imageSource(name, images[name], {
      ...shared,
      engine,
      debianMirror: sources.debianMirror,
      binary: (of) => ({ key: binaryArtifact(of, binaries[of], shared).build.key, obtain: never }),
      obtain: never,
    });
    const ref = (await findEntry(artifact, context))?.manifest.facts.ref;
    if (ref === undefined || !(await inspectImage(engine, ref))) missing.push(artifact.name);
  }
  return missing;
}
