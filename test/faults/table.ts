import { type Kind, kinds, type Pair } from "./cells.ts";
import type { Verdict } from "./run-pair.ts";

/** The kill table as text: one line for each victim and point, then what was wrong in whole sentences. */
export function table(title: string, rows: Array<{ pair: Pair; verdicts: Map<Kind, Verdict> }>): string {
  const lines = rows.map(({ pair, verdicts }) => [
    pair.victim,
    momentOf(pair),
    ...kinds.map((kind) => cell(verdicts.get(kind))),
  ]);
  const all = [["SIGKILL of", "when", ...kinds], ...lines];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((line) => line[column]?.length ?? 0)));
  const pad = (line: string[]) =>
    line
      .map((text, i) => text.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd();
  const wrong = rows.flatMap(({ pair, verdicts }) =>
    kinds.flatMap((kind) =>
      (verdicts.get(kind)?.problems ?? []).map(
        (problem) => `${kind}, ${pair.victim} ${momentOf(pair)}: ${problem}`,
      ),
    ),
  );
  const verdicts = rows.flatMap(({ verdicts }) => [...verdicts.values()]);
  const right = verdicts.filter(({ problems }) => problems.length === 0).length;
  const sum = `${right} of ${rows.length * kinds.length} as they should be`;
  return [`${title}: ${sum}. Seconds are from the kill to the end.`, ...all.map(pad), ...wrong].join("\n");
}

export function momentOf({ point }: Pair): string {
  return point === "last checkpoint" ? `before the ${point}` : `after ${point}`;
}

function cell(verdict: Verdict | undefined): string {
  if (!verdict) return "not run";
  return verdict.problems.length > 0 ? "WRONG" : `${verdict.outcome}, ${verdict.seconds.toFixed(1)} s`;
}
