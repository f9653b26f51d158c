import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Found } from "./outcome.ts";

const schema = z.array(
  z.strictObject({
    /** Of what is accepted, as the scan prints it. */
    id: z.string(),
    /** Why it does no harm here, or what stands in the way of mending it. */
    why: z.string().min(20),
    /** After this day it is found again. */
    until: z.iso.date().optional(),
  }),
);
export type Accepted = z.infer<typeof schema>;

/** What somebody has looked at and accepted, in a tree: `toolchain/security/accepted.json`. */
export async function readAccepted(root: string): Promise<Accepted> {
  const file = join(root, "toolchain", "security", "accepted.json");
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "[]";
    throw error;
  });
  return schema.parse(JSON.parse(text));
}

/** Parts what was found into what is accepted today and what is not. */
export function judge(found: Found[], accepted: Accepted, today: string): { known: Found[]; wrong: Found[] } {
  const good = new Set(
    accepted.filter(({ until }) => until === undefined || today <= until).map(({ id }) => id),
  );
  return {
    known: found.filter(({ id }) => good.has(id)),
    wrong: found.filter(({ id }) => !good.has(id)),
  };
}
