import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buildImage } from "../engine/images.ts";
import type { Engine } from "../engine/request.ts";
import type { Step } from "../progress.ts";

export interface LayerOptions {
  engine: Engine;
  /** What the image will be called. */
  ref: string;
  /** The image it stands on. */
  base: string;
  /** Folder with a Dockerfile that takes `BASE`, or the instructions themselves. */
  layer: string | string[];
  labels: Record<string, string>;
  /** Folder for scratch files. */
  dir: string;
  step: Step;
}

/** Puts a layer and labels on an image. */
export async function layerImage(options: LayerOptions): Promise<void> {
  const { engine, ref, base, layer, labels, dir, step } = options;
  const build = (folder: string) =>
    buildImage(engine, { ref, folder, buildargs: { BASE: base }, labels, step });
  if (typeof layer === "string") {
    await build(layer);
    return;
  }
  const folder = join(dir, ".context");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "Dockerfile"), ["ARG BASE", "FROM $BASE", ...layer, ""].join("\n"));
  await build(folder);
  await rm(folder, { recursive: true });
}
