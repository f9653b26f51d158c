import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createRun } from "../run.ts";
import { asOwn } from "./full.ts";
import type { Part } from "./manifest.ts";

// A backup is a tar archive, so that a person gets at every part of it without this program.

export type Variables = Record<string, string | undefined>;

/** Packs files of a folder, in this order, into a file that is there already. */
export async function pack(env: Variables, folder: string, names: string[], file: string): Promise<void> {
  const owner = ["--owner=root:0", "--group=root:0"];
  const options = ["--create", "--file", file, "--directory", folder, ...owner];
  const tar = createRun({ ...env, LC_ALL: "C" })("tar", [...options, "--", ...names]);
  await tar.catch((error) => {
    throw asOwn(error);
  });
}

/** One member of an archive as a stream; ends with an error when it is not there whole. */
export function readPart(env: Variables, file: string, name: string): Readable {
  const child = spawn("tar", ["--extract", "--to-stdout", "--file", file, "--", name], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...env, LC_ALL: "C" },
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => (code === 0 ? resolve() : reject(new Error(said.trim()))));
  });
  // Whoever reads is told; who has stopped reading need not be.
  ended.catch(() => undefined);
  const content = async function* () {
    yield* child.stdout;
    await ended;
  };
  return Readable.from(content());
}

/** The text of a small member. */
export async function readText(env: Variables, file: string, name: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of readPart(env, file, name)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** Size and hash of a stream that is read to its end and not kept. */
export async function measure(source: Readable): Promise<Pick<Part, "bytes" | "sha256">> {
  const meter = createMeter();
  await pipeline(source, meter.through, async (chunks) => {
    for await (const _ of chunks);
  });
  return meter.read();
}

/** Lets a stream through and tells its size and hash at the end. */
export function createMeter(): { through: Transform; read(): Pick<Part, "bytes" | "sha256"> } {
  const hash = createHash("sha256");
  let bytes = 0;
  const through = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  return { through, read: () => ({ bytes, sha256: hash.digest("hex") }) };
}
