import { afterAll, expect } from "vitest";
import { table } from "../support/table.ts";
import type { Outcome } from "./load.ts";

const titles = [
  "stopped under load",
  "sent",
  "answered",
  "refused before it was taken",
  "taken and lost",
  "under way at the signal",
  "of them answered",
  "half answers",
  "writes with 2xx",
  "of them in the record",
  "writes without answer",
  "right when sent again",
  "exit code",
  "seconds",
];

export interface Counted {
  what: string;
  outcomes: Outcome[];
  /** Ids of the requests that had been sent and not answered when the signal was. */
  underWay: string[];
  /** Ids of the requests that the service's log tells of. */
  taken: Set<string>;
  /** Rows that a write has made, after the service has ended. */
  rowsOf(outcome: Outcome): number;
  exitCode: number;
  seconds: number;
}

export interface Verdict {
  row: string[];
  /** Writes that nobody knows of whether they were done. */
  unanswered: Outcome[];
}

const isWrite = ({ body }: Outcome) => body !== undefined;
const isDone = ({ status }: Outcome) => status !== undefined && status < 300;

/** Holds a load against the log and the record. */
export function count({ what, outcomes, underWay, taken, rowsOf, exitCode, seconds }: Counted): Verdict {
  const answered = outcomes.filter(({ status, isHalf }) => status !== undefined && !isHalf);
  const without = outcomes.filter((one) => !answered.includes(one));
  // The log is written in pieces, so a process that falls does not tell of its last requests; the record does.
  const lost = without.filter((one) => taken.has(one.id) || rowsOf(one) > 0);
  const ofThem = underWay.filter((id) => answered.some((one) => one.id === id));
  const writes = outcomes.filter(isWrite);
  const done = writes.filter(isDone);
  const unanswered = writes.filter((one) => !answered.includes(one));
  const kept = done.filter((one) => rowsOf(one) === 1);
  // What is answered while it leaves is an answer like any other.
  expect(
    [...new Set(answered.map(({ status }) => status))].filter((status) => status !== 200 && status !== 201),
  ).toEqual([]);
  const half = outcomes.filter(({ isHalf }) => isHalf);
  expect(lost.map(({ method, path, error }) => `${method} ${path}: ${error}`)).toEqual([]);
  expect(half).toEqual([]);
  expect(underWay.length).toBeGreaterThan(0);
  expect(ofThem).toEqual(underWay);
  expect(kept.length).toBe(done.length);
  expect(exitCode).toBe(0);
  const numbers = [outcomes, answered, without, lost, underWay, ofThem, half, done, kept, unanswered].map(
    (list) => `${list.length}`,
  );
  return { row: [what, ...numbers, "-", `${exitCode}`, seconds.toFixed(1)], unanswered };
}

const rows: string[][] = [];

/** Adds a line to what is printed when the file's tests are over. */
export function tell(row: string[]): void {
  rows.push(row);
}

export function printAtEnd(): void {
  afterAll(() => {
    const [headings = [], ...lines] = titles.map((title, i) => [title, ...rows.map((row) => row[i] ?? "")]);
    console.log(table(headings, lines));
  });
}
