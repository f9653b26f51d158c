import { z } from "@hono/zod-openapi";
import { invalid } from "../errors.ts";

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
  const position = decodeTextCursor(cursor, /^\d{1,15}$/)?.[0];
  return position === undefined ? undefined : Number(position);
}

/** The same for positions that are text, matched by `form`. */
export function decodeTextCursor(cursor: string | undefined, form: RegExp): RegExpExecArray | undefined {
  if (cursor === undefined) return undefined;
  const [, position = ""] = /^v1:(.*)$/s.exec(Buffer.from(cursor, "base64url").toString()) ?? [];
  const match = form.exec(position);
  // A number is written in one way only.
  const isOurs = match && encodeCursor(/^\d+$/.test(position) ? Number(position) : position) === cursor;
  if (isOurs) return match;
  throw invalid(
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
