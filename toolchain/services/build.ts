import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Progress } from "../progress.ts";
import { ensureRoot, packageLabel } from "../root-artifact.ts";
import type { ToolchainSettings } from "../settings.ts";
import { withLock } from "../store/lock.ts";
import { obtain } from "../store/obtain.ts";
import { serviceImage } from "./image.ts";
import { nodeImage } from "./node-image.ts";
import { partsOfServices, type ServiceImage } from "./parts.ts";
import { serviceRoot } from "./root.ts";

export interface BuildOptions extends ToolchainSettings {
  /** The project's root. */
  project: string;
  services: readonly ServiceImage[];
  progress: Progress;
}

/** Makes the images of services, or finds them there. Gives their names. */
export async function buildServices(options: BuildOptions): Promise<Array<{ ref: string; made: boolean }>> {
  const { cacheDir, engine, sources, project, services, progress } = options;
  const logDir = join(cacheDir, "log");
  await mkdir(logDir, { recursive: true });
  const artifact = serviceRoot({
    engine,
    debianMirror: sources.debianMirror,
    folder: import.meta.dirname,
    logDir,
  });
  const entry = await obtain(artifact, { cacheDir, progress, use: "auto" });
  const step = progress.begin("images of services");
  const wait = () => step.say("another run makes them: waiting for it");
  try {
    const images = await withLock(join(cacheDir, "locks", "service-images"), wait, async () => {
      const root = await ensureRoot(engine, entry, step);
      const { facts } = entry.manifest;
      const packages = Object.entries(facts).filter(([name]) => name.startsWith(packageLabel));
      const base = await nodeImage(engine, { root, labels: Object.fromEntries(packages), step });
      const parts = await partsOfServices(project);
      const made = [];
      for (const service of services)
        made.push(await serviceImage(service, { engine, project, base, parts, step }));
      return made;
    });
    step.end("ready");
    return images;
  } catch (error) {
    step.end("failed");
    throw error;
  }
}
