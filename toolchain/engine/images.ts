import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { z } from "zod";
import { ToolchainError } from "../errors.ts";
import type { Step } from "../progress.ts";
import { packed } from "./packed.ts";
import { type Engine, EngineError, request, requestJson } from "./request.ts";
import { type EngineMessage, messages } from "./stream.ts";

const inspected = z.object({
  Id: z.string(),
  RepoDigests: z.array(z.string()).nullish(),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }),
});

export interface ImageFacts {
  /** `sha256:...`, the image's own id in this engine. */
  id: string;
  /** `name@sha256:...` as the registry knows it; none for images made here. */
  digests: string[];
  labels: Record<string, string>;
}

/** What an engine knows of an image; undefined when it has none of that name. */
export async function inspectImage(engine: Engine, ref: string): Promise<ImageFacts | undefined> {
  try {
    const facts = inspected.parse(await requestJson(engine, { method: "GET", path: `/images/${ref}/json` }));
    return { id: facts.Id, digests: facts.RepoDigests ?? [], labels: facts.Config.Labels ?? {} };
  } catch (error) {
    if (error instanceof EngineError && error.status === 404) return undefined;
    throw error;
  }
}

/** Gives an image another name. */
export async function tagImage(engine: Engine, ref: string, name: string): Promise<void> {
  const [repo, tag] = splitRef(name);
  const query = new URLSearchParams({ repo, tag });
  await requestJson(engine, { method: "POST", path: `/images/${ref}/tag?${query}` });
}

/** Takes a name away; the image goes too when it was its last. */
export async function removeTag(engine: Engine, ref: string): Promise<void> {
  await requestJson(engine, { method: "DELETE", path: `/images/${ref}?noprune=1` });
}

/** Writes an image, with its name, as a gzipped archive. */
export async function saveImage(engine: Engine, ref: string, file: string, step: Step): Promise<void> {
  step.say("saving the image in the cache");
  const archive = await request(engine, { method: "GET", path: `/images/${ref}/get` });
  archive.on("data", count(step));
  await pipeline(archive, createGzip({ level: 1 }), createWriteStream(file));
}

/** Loads an archive that {@link saveImage} wrote. */
export async function loadImage(engine: Engine, file: string, step: Step): Promise<void> {
  step.say("loading the image from the cache into the engine");
  const body = createReadStream(file);
  body.on("data", count(step, (await stat(file)).size));
  const answer = await request(engine, {
    method: "POST",
    path: "/images/load?quiet=1",
    body,
    type: "application/x-tar",
  });
  for await (const _ of messages(answer));
}

/** Makes an image of one layer from a root file system's tar. */
export async function importImage(engine: Engine, ref: string, tar: NodeJS.ReadableStream): Promise<void> {
  const [repo, tag] = splitRef(ref);
  const query = new URLSearchParams({ fromSrc: "-", repo, tag });
  await sendTar(engine, `/images/create?${query}`, tar);
}

export interface BuildOptions {
  ref: string;
  /** Holds the Dockerfile and what it copies. */
  folder: string;
  buildargs: Record<string, string>;
  labels: Record<string, string>;
  step: Step;
}

/** Builds a folder with a Dockerfile into an image, without network. */
export async function buildImage(engine: Engine, options: BuildOptions): Promise<void> {
  const { ref, folder, buildargs, labels, step } = options;
  const query = new URLSearchParams({
    t: ref,
    rm: "1",
    forcerm: "1",
    networkmode: "none",
    buildargs: JSON.stringify(buildargs),
    labels: JSON.stringify(labels),
  });
  step.say(`putting the layer on ${buildargs.BASE}`);
  // Whoever an image runs as gets to its files, whatever mask these were made under.
  await packed(folder, ["--mode=a+rX,go-w"], (body) =>
    sendTar(engine, `/build?${query}`, body, ({ stream }) => {
      const at = /^Step (\d+)\/(\d+) /.exec(stream ?? "");
      if (at) step.far(Number(at[1]), Number(at[2]), "steps");
    }),
  );
}

async function sendTar(
  engine: Engine,
  path: string,
  body: NodeJS.ReadableStream,
  hear: (message: EngineMessage) => void = () => undefined,
): Promise<void> {
  const answer = await request(engine, { method: "POST", path, body, type: "application/x-tar" });
  for await (const message of messages(answer)) hear(message);
}

/** `berth/odoo:19-ab12` or `odoo@sha256:12ab` in two: a reference made here always has a tag or digest. */
export function splitRef(ref: string): [repo: string, tag: string] {
  const at = ref.includes("@") ? ref.indexOf("@") : ref.lastIndexOf(":");
  if (at < 0 || ref.includes("/", at)) throw new ToolchainError(`The image reference ${ref} has no tag.`);
  return [ref.slice(0, at), ref.slice(at + 1)];
}

function count(step: Step, total?: number): (chunk: Buffer | string) => void {
  let done = 0;
  return (chunk) => {
    done += chunk.length;
    step.far(done, total, "bytes");
  };
}
