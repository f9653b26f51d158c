import { z } from "@hono/zod-openapi";
import { invalid } from "../errors.ts";
import { type IdPrefix, isId } from "../ids.ts";

/** `?limit=&cursor=` of every list. */
export const pageQuery = z.object({
  limit: z.coerce
    .number({ error: "must be a number from 1 to 100" })
    .int("must be a whole number")
    .min(1, "must be 1 at least")
    .max(100, "must be 100 at most")
    .default(20)
    .meta({ description: "Items on a page." }),
  cursor: z.string().max(100).optional().meta({ description: "`nextCursor` of the page before." }),
});

/** Shape of every list's answer. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    nextCursor: z.string().nullable().meta({ description: "Null on the last page." }),
  });

/** Position in a list as callers see it: they can only give it back. */
function encodeCursor(position: number | string): string {
  return Buffer.from(`v1:${position}`).toString("base64url");
}

/** The position a cursor stands for; throws when it is not one of ours. */
export function decodeCursor(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  const position = positionIn(cursor);
  if (!/^\d{1,15}$/.test(position) || encodeCursor(Number(position)) !== cursor) throw notOurs();
  return Number(position);
}

/** The same for a list that goes by ids. */
export function decodeIdCursor(prefix: IdPrefix, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const id = positionIn(cursor);
  if (!isId(prefix, id) || encodeCursor(id) !== cursor) throw notOurs();
  return id;
}

/** The same for a list that goes by time, and by ids where that is the same: positions are `<milliseconds>_<id>`. */
export function decodeTimeCursor(prefix: IdPrefix, cursor: string | undefined) {
  if (cursor === undefined) return undefined;
  const position = positionIn(cursor);
  const [, time, id] = /^(\d{1,13})_(\w+)$/.exec(position) ?? [];
  if (!time || !id || !isId(prefix, id) || encodeCursor(position) !== cursor) throw notOurs();
  return { time: new Date(Number(time)), id };
}

/** Positions in lists that are merged into one, by the lists' names; null stands for the beginning. */
export function encodePlaces(places: Record<string, number | null>): string {
  return encodeCursor(
    Object.values(places)
      .map((place) => place ?? "first")
      .join("_"),
  );
}

export function decodePlaces<Name extends string>(
  names: readonly Name[],
  cursor: string | undefined,
): Record<Name, number | null> | undefined {
  if (cursor === undefined) return undefined;
  const position = positionIn(cursor);
  const places = position.split("_");
  const isPlace = (place: string) => place === "first" || /^[1-9]\d{0,14}$/.test(place);
  if (places.length !== names.length || !places.every(isPlace) || encodeCursor(position) !== cursor)
    throw notOurs();
  const numbers = places.map((place) => (place === "first" ? null : Number(place)));
  return Object.fromEntries(names.map((name, i) => [name, numbers[i] ?? null])) as Record<
    Name,
    number | null
  >;
}

function positionIn(cursor: string): string {
  return /^v1:(\w+)$/.exec(Buffer.from(cursor, "base64url").toString())?.[1] ?? "";
}

function notOurs() {
  return invalid(
    "cursor",
    "is not a cursor of this list; take nextCursor of the page before, or leave it out",
  );
}

/** Cuts rows that were read with one more than `limit` into a page. */
export function toPage<Row>(rows: Row[], limit: number, position: (row: Row) => number | string) {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last ? encodeCursor(position(last)) : null };
}
