import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspectImage } from "./engine/images.ts";
import type { Engine } from "./engine/request.ts";
import { ToolchainError } from "./errors.ts";
import type { ImageSource } from "./image-artifact.ts";
import type { Progress } from "./progress.ts";
import { withLock } from "./store/lock.ts";
import type { Entry } from "./store/obtain.ts";

/** Makes sure that an engine has the image of a cache entry; returns its name, and its id there. */
export async function ensurePresent(
  engine: Engine,
  source: ImageSource,
  entry: Entry,
  { cacheDir, progress }: { cacheDir: string; progress: Progress },
): Promise<{ ref: string; digest: string }> {
  const { name, facts } = entry.manifest;
  const ref = facts.ref;
  if (ref === undefined) throw new ToolchainError(`The cache entry ${entry.dir} is no image.`);
  const look = async () => {
    const image = await inspectImage(engine, ref);
    return image && { ref, digest: image.id };
  };
  const there = await look();
  if (there) return there;
  const step = progress.begin(name);
  const wait = () => step.say("another run is putting this into the engine: waiting for it");
  const restored = await withLock(join(cacheDir, "locks", `restore-${name}`), wait, async () => {
    const meanwhile = await look();
    if (meanwhile) return meanwhile;
    const scratch = await mkdtemp(join(tmpdir(), "berth-image-"));
    try {
      await source.restore(entry, step, scratch);
    } catch (error) {
      step.end("failed");
      throw error;
    } finally {
      await rm(scratch, { recursive: true });
    }
    return look();
  });
  if (restored) {
    step.end("back in the engine");
    return restored;
  }
  step.end("failed");
  throw new ToolchainError(`${ref} is not in the engine at ${engine.host}, although it was put there.`);
}
