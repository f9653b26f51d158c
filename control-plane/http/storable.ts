import { z } from "zod";

/** Text that PostgreSQL can keep, in a column and within JSON: it has no NUL and no half of a surrogate pair. */
export const storable = z
  .string()
  .refine(
    (text) => text.isWellFormed() && !text.includes("\0"),
    "holds a NUL or half a character, which cannot be kept",
  );
