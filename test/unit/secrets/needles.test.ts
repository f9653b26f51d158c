import { expect, test } from "vitest";
import { formsOf, Needles } from "../../secrets/needles.ts";

const value = 'pa"ss\\wörd &+/ 4hT9kQ2mX7vB';
const needles = new Needles([{ name: "it", value }]);
const isIn = (text: string) => needles.in(Buffer.from(text)).some(({ secret }) => secret === "it");

test.each(formsOf(value))("a secret is found as %s, in the midst of other text", (_form, text) => {
  expect(isIn(`before ${text} after`)).toBe(true);
});

test.each([0, 1, 2, 3, 4, 5])("and inside of what is in base64, after %i bytes", (count) => {
  const text = Buffer.from(`${"x".repeat(count)}${value}${"y".repeat(count)}`);
  expect(isIn(text.toString("base64"))).toBe(true);
  expect(isIn(text.toString("base64url"))).toBe(true);
});

test("a piece of twelve bytes is enough, wherever it is cut out; less is not", () => {
  const bytes = Buffer.from(value);
  for (let from = 0; from + 12 <= bytes.length; from++)
    expect(needles.in(bytes.subarray(from, from + 12))).toMatchObject([{ secret: "it" }]);
  expect(needles.in(bytes.subarray(5, 16))).toEqual([]);
  expect(isIn(value.toUpperCase())).toBe(false);
  expect(isIn("")).toBe(false);
});

test("a short secret is found whole, and of many each is told by its name", () => {
  const many = new Needles([
    { name: "short", value: "D76Lg-5ydfe" },
    { name: "long", value },
  ]);
  const found = many.in(Buffer.from(`${value} and D76Lg-5ydfe`));
  expect(found.map(({ secret, at }) => [secret, at])).toEqual([
    ["long", 0],
    ["short", Buffer.byteLength(value) + 5],
  ]);
  expect(many.in(Buffer.from("D76Lg-5ydf"))).toEqual([]);
});
