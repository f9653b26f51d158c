import { EventEmitter, on } from "node:events";
import type { LogLine } from "./line.ts";
import { byTime } from "./merge.ts";
import type { Source } from "./source.ts";

/** What came at about the same time is put in order: so long a line waits for one that is older. */
const gatherMs = 400;

/** Lines of all sources as they are written, by time, until the signal or until none of them goes on. */
export async function* follow(sources: Source[], signal: AbortSignal): AsyncGenerator<LogLine> {
  const gathered = new EventEmitter<{ lines: [LogLine[]] }>();
  const done = new AbortController();
  const end = AbortSignal.any([signal, done.signal]);
  let held: LogLine[] = [];
  const flush = (until: number) => {
    const ready = held.filter(({ time }) => time <= until).sort(byTime);
    held = held.filter(({ time }) => time > until);
    if (ready.length > 0) gathered.emit("lines", ready);
  };
  const timer = setInterval(() => flush(Date.now() - gatherMs), gatherMs / 2);
  const ends = sources.map((source) => source.follow((line) => void held.push(line), end));
  Promise.all(ends).finally(() => done.abort());
  try {
    for await (const [lines] of on(gathered, "lines", { signal: end })) yield* lines as LogLine[];
  } catch (error) {
    if (!end.aborted) throw error;
  } finally {
    clearInterval(timer);
    done.abort();
  }
  yield* held.sort(byTime);
  await Promise.all(ends);
}
