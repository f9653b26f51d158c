import { expect, test } from "vitest";
import { parseMark } from "../../../control-plane/provisioner/marks.ts";

const readyAt = "2026-11-26T04:00:00.000Z";
const of = (slug: unknown) => parseMark(JSON.stringify({ berth: { slug, readyAt } }));

test("a database's mark says whose it is and since when", () => {
  expect(of("acme")).toEqual({ slug: "acme", readyAt });
});

test.each([
  ["lines of its own", "acme\n12 of 12 tenants are as recorded."],
  ["a terminal's commands", "acme\u001b[2J"],
  ["letters that only look like it", "аcme"],
  ["nothing", ""],
  ["a number", 7],
  ["no slug at all", undefined],
])("a mark whose slug is %s still keeps its database, under no slug", (_what, slug) => {
  expect(of(slug)).toEqual({ slug: null, readyAt });
});

test.each([
  ["no JSON", "acme"],
  ["another's comment", '{"berth":"acme"}'],
  ["one without a moment", '{"berth":{"slug":"acme"}}'],
  [
    "one with another text for it",
    JSON.stringify({ berth: { slug: "acme", readyAt: `${readyAt}\nall is well` } }),
  ],
])("%s is no mark", (_what, text) => {
  expect(parseMark(text)).toBeUndefined();
});
