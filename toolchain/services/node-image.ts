import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildImage, inspectImage } from "../engine/images.ts";
import type { Engine } from "../engine/request.ts";
import type { Step } from "../progress.ts";
import { contentKey } from "../store/key.ts";

const dockerfile = [
  "ARG BASE",
  "FROM $BASE",
  "COPY node /usr/local/bin/node",
  "ENV PATH=/usr/local/bin",
  // One that lives on libraries that are not in the root, as a distribution's own may, is found out here.
  'RUN ["/usr/local/bin/node", "--version"]',
  "",
].join("\n");

/** The Node that runs this, on a root: the layer that all services share. Gives the image's name. */
export async function nodeImage(
  engine: Engine,
  { root, labels, step }: { root: string; labels: Record<string, string>; step: Step },
): Promise<string> {
  const ref = `berth/service-node:${contentKey([root, process.version, process.versions.v8, process.arch, dockerfile])}`;
  if (await inspectImage(engine, ref)) return ref;
  const folder = await mkdtemp(join(tmpdir(), "berth-image-"));
  try {
    await copyFile(process.execPath, join(folder, "node"));
    await writeFile(join(folder, "Dockerfile"), dockerfile);
    await buildImage(engine, {
      ref,
      folder,
      buildargs: { BASE: root },
      labels: { ...labels, "dev.berth.node": process.version },
      step,
    });
    return ref;
  } finally {
    await rm(folder, { recursive: true });
  }
}
