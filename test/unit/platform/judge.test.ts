import { expect, test } from "vitest";
import { type Found, nothingOf, type Recorded } from "../../../control-plane/platform/check/facts.ts";
import { judge } from "../../../control-plane/platform/check/judge.ts";

const id = "ten_aaaaaaaaaaaaaaaa";
const database = `${id}_production`;
const container = `berth-t-${id}-production`;
const mark = { slug: "acme", readyAt: "2026-01-02T03:04:05.000Z" };

const recorded: Recorded = {
  id,
  slug: "acme",
  status: "ready",
  readyAt: mark.readyAt,
  instances: [{ name: "production", identity: "5d4a1c0e-0000-4000-8000-000000000000" }],
  resources: 11,
};
const whole: Found = {
  ...nothingOf(id),
  mark,
  databases: [database],
  containers: [{ name: container, running: true }],
  volumes: [`${container}-files`],
  routes: ["production"],
};

function verdictOf(record: Partial<Recorded> | undefined, found: Partial<Found> | undefined) {
  const [verdict] = judge(
    {
      recorded: record ? [{ ...recorded, ...record }] : [],
      found: new Map(found ? [[id, { ...whole, ...found }]] : []),
    },
    "t",
  );
  return verdict;
}

test.each<[string, Partial<Recorded> | undefined, Partial<Found> | undefined, string, RegExp]>([
  ["all is there", {}, {}, "as recorded", /^$/],
  ["never made", { readyAt: null, status: "failed", resources: 0 }, undefined, "as recorded", /^$/],
  ["being removed", { status: "deleting" }, { databases: [] }, "as recorded", /^$/],
  ["made since", undefined, {}, "unknown", /people work since 2026-01-02T03:04; the record does not know it/],
  [
    "only files are left",
    undefined,
    { ...nothingOf(id), volumes: ["v"] },
    "unknown",
    /^What is there of it: files; the record does not know it/,
  ],
  ["ready since", { readyAt: null, status: "creating" }, {}, "not so in the record", /was never ready/],
  ["nothing is left", {}, undefined, "gone", new RegExp(`Its database ${database} is not there`)],
  [
    "another database",
    {},
    { refusals: new Map([[database, "Not this one."]]) },
    "another's",
    /^Not this one\.$/,
  ],
  ["no container", {}, { containers: [] }, "incomplete", /Missing: its container\./],
  ["no files", {}, { volumes: [] }, "incomplete", /Missing: the volume with its files\./],
  ["no route", {}, { routes: [] }, "incomplete", /Missing: its route\./],
  ["no state", { resources: undefined }, {}, "incomplete", /Missing: its stack in Pulumi's state\./],
  [
    "stopped",
    {},
    { containers: [{ name: container, running: false }] },
    "incomplete",
    new RegExp(`docker start ${container}$`),
  ],
])("%s", (_, record, found, verdict, sentence) => {
  const judged = verdictOf(record, found);
  expect(judged).toMatchObject({ id, verdict });
  expect(judged?.sentence).toMatch(sentence);
});

test("where routes could not be seen none is missed", () => {
  const facts = { recorded: [recorded], found: new Map([[id, { ...whole, routes: [] }]]) };
  expect(judge(facts, "t")).toMatchObject([{ verdict: "incomplete" }]);
  const routesUnknown = "Redis at 127.0.0.1:1 did not answer.";
  expect(judge({ ...facts, routesUnknown }, "t")).toMatchObject([{ verdict: "as recorded" }]);
});

test("those that need somebody come first, then by slug", () => {
  const other = (letter: string) => `ten_${letter.repeat(16)}`;
  const record = (letter: string, readyAt: string | null) => ({
    ...recorded,
    id: other(letter),
    slug: letter,
    readyAt,
  });
  const facts = {
    recorded: [record("b", null), record("c", mark.readyAt), record("a", null)],
    found: new Map(),
  };
  expect(judge(facts, "t").map(({ slug }) => slug)).toEqual(["c", "a", "b"]);
});
