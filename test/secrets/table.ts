import { table as asTable } from "../support/table.ts";
import type { Place } from "./search.ts";

/** What was found of each secret in each kind of place, as text: names only. */
export function table(
  places: Place[],
  secrets: string[],
  cellOf: (secret: string, place: string) => "none" | "allowed" | "FOUND",
): string {
  const columns = places.map((_, n) => String.fromCharCode(65 + n));
  const signs = { none: ".", allowed: "a", FOUND: "FOUND" };
  const rows = secrets.map((name) => [name, ...places.map(({ name: place }) => signs[cellOf(name, place)])]);
  const cells = secrets.flatMap((name) => places.map(({ name: place }) => cellOf(name, place)));
  const count = (cell: string) => cells.filter((one) => one === cell).length;
  const items = places.reduce((sum, place) => sum + place.items, 0);
  const megabytes = places.reduce((sum, place) => sum + place.bytes, 0) / 2 ** 20;
  return [
    `${secrets.length} secrets in ${places.length} kinds of places (${items} items, ${megabytes.toFixed(1)} MiB): ` +
      `none ${count("none")}, allowed ${count("allowed")}, FOUND ${count("FOUND")}`,
    ...places.map(({ name, items, bytes }, n) => `${columns[n]}  ${name}: ${items} items, ${bytes} bytes`),
    asTable(["", ...columns], rows),
    ". none   a allowed (allowed.ts says why)",
  ].join("\n");
}
