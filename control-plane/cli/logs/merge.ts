import type { LogLine } from "./line.ts";

/** A process gathers its lines for a tenth of a second, beside others that write into the same file at once. */
const disorderMs = 1_000;

/** The lines of one source in the order of their times, which it keeps but for a moment. */
async function* ordered(lines: AsyncIterable<LogLine>): AsyncGenerator<LogLine> {
  let held: LogLine[] = [];
  let newest = 0;
  for await (const line of lines) {
    held.push(line);
    if (line.time <= newest + disorderMs) continue;
    newest = line.time;
    held.sort(byTime);
    const ready = held.findIndex(({ time }) => time > newest - disorderMs);
    yield* held.slice(0, ready);
    held = held.slice(ready);
  }
  yield* held.sort(byTime);
}

/** The lines of all sources in one stream, by time. No more of them is held than a moment's. */
export async function* merge(sources: Array<AsyncIterable<LogLine>>): AsyncGenerator<LogLine> {
  const streams = sources.map((source) => ordered(source));
  // All at once: each waits for a program or a disk.
  const heads = await Promise.all(streams.map((stream) => stream.next()));
  for (;;) {
    let first = -1;
    for (const [n, head] of heads.entries()) {
      const best = heads[first];
      if (!head.done && (!best || best.done || head.value.time < best.value.time)) first = n;
    }
    const [head, stream] = [heads[first], streams[first]];
    if (!head || head.done || !stream) return;
    yield head.value;
    heads[first] = await stream.next();
  }
}

export function byTime(a: LogLine, b: LogLine): number {
  return a.time - b.time;
}
