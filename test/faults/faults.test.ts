import { afterAll, beforeAll, expect, test } from "vitest";
import { allPairs, dayOf, type Kind, kinds, type Pair, quarter } from "./cells.ts";
import { type Asked, create, ended, type Lane, openLane, removed } from "./lane.ts";
import { inventory, judge, mark } from "./oracle.ts";
import { runPair, type Surroundings, type Verdict } from "./run-pair.ts";
import { momentOf, table } from "./table.ts";

// FAULTS=all runs the whole table, FAULTS=<words> the pairs with these words ("worker after role"); otherwise it
// is a quarter of the table, another one each day. FAULTS_DAY stands for another day (any number).
const asked = process.env.FAULTS ?? "";
const day = Number(process.env.FAULTS_DAY ?? dayOf(new Date()));
const laneCount = Number(process.env.FAULTS_LANES ?? 2);
const [title, pairs] = choose();

function choose(): [string, Pair[]] {
  if (asked === "all") return ["The kill table", allPairs];
  if (asked === "") return [`The kill table, quarter ${(day % 4) + 1} of 4`, quarter(day)];
  const matching = allPairs.filter((pair) => `${pair.victim} ${momentOf(pair)}`.includes(asked));
  return [`The kill table, "${asked}"`, matching];
}

interface Row {
  pair: Pair;
  verdicts: Map<Kind, Verdict>;
}
const rows: Row[] = pairs.map((pair) => ({ pair, verdicts: new Map() }));
const cells = rows.flatMap((row) =>
  kinds.map((kind) => ({
    ...{ row, kind, name: `${kind}: SIGKILL of ${row.pair.victim} ${momentOf(row.pair)}` },
    done: Promise.withResolvers<Verdict>(),
  })),
);
const lanes: Lane[] = [];
let works: Array<Promise<string[]>> = [];

beforeAll(async () => {
  const queue = [...rows];
  const opened = Array.from({ length: Math.min(laneCount, rows.length) }, async (_, i) => {
    const lane = await openLane(`f${i}-${process.pid % 100_000}`);
    lanes.push(lane);
    return lane;
  });
  // From both ends: the first environment has the pairs with eight tenants, and never two at once have them.
  const ends = [() => queue.shift(), () => queue.pop()];
  works = opened.map(async (lane, i) => work(await lane, ends[i % 2] ?? (() => undefined)));
  // Cells that no environment is left for have failed: they must not wait out their time.
  void Promise.allSettled(works).then((ends) => {
    const why = ends.flatMap((end) => (end.status === "rejected" ? [String(end.reason)] : []));
    for (const row of rows) failRest(row, new Error(`no environment was left to run it. ${why.join(" ")}`));
  });
  await Promise.all(opened);
});

afterAll(async () => {
  await Promise.allSettled(works);
  console.log(`\n${table(title, rows)}\n`);
  await Promise.all(lanes.map((lane) => lane.down()));
});

test.each(cells.map((cell) => [cell.name, cell] as const))("%s", async (_name, { done }) => {
  const { problems } = await done.promise;
  expect(problems).toEqual([]);
});

test("in the end a tenant is created and removed as ever, and nothing is left of any", async () => {
  expect(works.length).toBeGreaterThan(0);
  for (const problems of await Promise.all(works)) expect(problems).toEqual([]);
});

/** Works on one pair after the other until none is left. Gives what was wrong in the end. */
async function work(lane: Lane, next: () => Row | undefined): Promise<string[]> {
  const baseline = await inventory(lane);
  const keeper = await made(lane, "keeper");
  const around: Surroundings = { baseline, keeper, note: `kept in ${lane.settings.env}` };
  await mark(lane, keeper, around.note);
  for (let row = next(); row; row = next()) {
    const { pair } = row;
    await runPair(lane, around, pair, (kind, verdict) => settle(row, kind, verdict)).catch((error) =>
      failRest(row, error),
    );
  }
  const last = await made(lane, "tenant-1");
  const gone = [last, keeper];
  for (const tenant of gone) expect(await removed(lane, tenant)).toMatchObject({ status: "succeeded" });
  return judge(lane, { baseline, alive: [], looked: [], gone });
}

async function made(lane: Lane, slug: string): Promise<Asked> {
  const tenant = await create(lane, slug);
  expect(await ended(lane, tenant)).toMatchObject({ status: "succeeded" });
  return tenant;
}

function settle(row: Row, kind: Kind, verdict: Verdict): void {
  row.verdicts.set(kind, verdict);
  for (const cell of cells) if (cell.row === row && cell.kind === kind) cell.done.resolve(verdict);
}

function failRest(row: Row, error: unknown): void {
  const problems = [`the cell could not be run: ${String(error)}`];
  for (const kind of kinds)
    if (!row.verdicts.has(kind)) settle(row, kind, { outcome: "broken off", seconds: 0, problems });
}
