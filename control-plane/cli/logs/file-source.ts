import { createReadStream, existsSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { createInterface } from "node:readline";
import { until } from "../../until.ts";
import { type LogLine, ownLine } from "./line.ts";
import type { Source } from "./source.ts";

/** Milliseconds between two looks at whether a file has grown. */
const lookEveryMs = 200;

/** One of our own log files, with those that it was before. @param isOf whether a line is asked for */
export function fileSource(file: string, isOf: (line: LogLine) => boolean = () => true): Source {
  const parse = (text: string) => {
    const line = ownLine(text);
    return line && isOf(line) ? line : undefined;
  };
  // How far the past has been read: from there on it is followed.
  let at = existsSync(file) ? statSync(file).size : 0;
  return {
    async *past(since) {
      for (const older of earlier(file, since)) yield* linesOf(older, statSync(older).size, parse);
      if (existsSync(file)) yield* linesOf(file, at, parse);
    },
    follow(onLine, signal) {
      /** Takes the whole lines of a file from a byte on; gives how many bytes they have. */
      const take = async (from: string, start: number) => {
        const read = await wholeLines(from, start);
        for (const line of read.toString("utf8").split("\n").map(parse)) if (line) onLine(line);
        return read.length;
      };
      const look = async () => {
        if (!existsSync(file)) return;
        if (statSync(file).size < at) {
          // It was begun anew: the end of what it was is in the one before.
          if (existsSync(`${file}.1`)) await take(`${file}.1`, at);
          at = 0;
        }
        at += await take(file, at);
      };
      return repeat(look, signal);
    },
  };
}

/** Looks again and again until the signal. */
async function repeat(look: () => Promise<void>, signal: AbortSignal): Promise<void> {
  const once = () =>
    look().then(
      () => false,
      (error: NodeJS.ErrnoException) => {
        // It is just begun anew, or the environment was purged.
        if (error.code === "ENOENT") return false;
        throw error;
      },
    );
  const wait = { what: "the log", deadlineMs: Number.POSITIVE_INFINITY, everyMs: lookEveryMs, signal };
  await until(once, wait).catch((error) => {
    if (!signal.aborted) throw error;
  });
}

/** Files that this one was before and that were written to since a moment, the oldest first. */
function earlier(file: string, since: Date): string[] {
  const names: string[] = [];
  for (let n = 1; existsSync(`${file}.${n}`); n++) names.unshift(`${file}.${n}`);
  return names.filter((name) => statSync(name).mtimeMs >= since.getTime());
}

async function* linesOf(
  file: string,
  bytes: number,
  parse: (text: string) => LogLine | undefined,
): AsyncGenerator<LogLine> {
  if (bytes === 0) return;
  const input = createReadStream(file, { end: bytes - 1 });
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    const line = parse(text);
    if (line) yield line;
  }
}

async function wholeLines(file: string, start: number): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.alloc(Math.max(0, size - start));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
    // To the last whole line: half a character is no text.
    const end = buffer.subarray(0, bytesRead).lastIndexOf("\n") + 1;
    return buffer.subarray(0, end);
  } finally {
    await handle.close();
  }
}
