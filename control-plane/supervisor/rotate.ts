import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";

export interface Kept {
  /** Bytes at which a file is begun anew. */
  bytes: number;
  /** Older ones that are kept beside it: `<file>.1` is the newest. */
  files: number;
}

/**
 * Begins a log file anew once it has grown, without its writers having to know: it is copied and emptied, and as they append,
 * they go on at its start. What is written between the last look and the emptying, a few microseconds, would be lost.
 * @returns whether it was
 */
export function rotate(file: string, { bytes, files }: Kept): boolean {
  if (!existsSync(file) || statSync(file).size < bytes) return false;
  for (let n = files - 1; n > 0; n--)
    if (existsSync(`${file}.${n}`)) renameSync(`${file}.${n}`, `${file}.${n + 1}`);
  copyFileSync(file, `${file}.1`);
  const [from, to] = [openSync(file, "r+"), openSync(`${file}.1`, "a")];
  try {
    // What came while it was copied.
    const rest = Buffer.alloc(1 << 16);
    for (let at = statSync(`${file}.1`).size; at < fstatSync(from).size; )
      at += writeSync(to, rest, 0, readSync(from, rest, 0, rest.length, at));
    ftruncateSync(from);
  } finally {
    closeSync(from);
    closeSync(to);
  }
  return true;
}
