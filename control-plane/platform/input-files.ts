import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { writeWhole } from "../whole-file.ts";

/** A file of this machine that a container gets, and what its text hashes to. */
export interface InputFile {
  path: string;
  sha256: string;
}

/** Writes a file that a container gets; 0600, whatever is in it. */
export async function configFile(path: string, text: string): Promise<InputFile> {
  await writeWhole(path, text);
  return { path, sha256: sha256(text) };
}

export async function fileAsItIs(path: string): Promise<InputFile> {
  return { path, sha256: sha256(await readFile(path, "utf8")) };
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
