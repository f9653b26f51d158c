import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { serviceNames } from "../../service-names.ts";
import { ownLogins } from "../../service-variables.ts";
import { type Bench, whyNoDatabase } from "../bench.ts";
import type { Check, Finding } from "../finding.ts";

const journal = z.object({ entries: z.array(z.object({ tag: z.string(), when: z.int() })) });

export const migrations: Check = {
  name: "migrations",
  async look(bench) {
    const reason = whyNoDatabase(bench);
    if (reason) return { unknown: reason };
    const found = await Promise.all(serviceNames.map((service) => ofService(bench, service)));
    return found.flat().length > 0 ? found.flat() : { well: "all databases are at this version" };
  },
};

async function ofService(bench: Bench, service: (typeof serviceNames)[number]): Promise<Finding[]> {
  const { database } = ownLogins[service];
  const file = join(bench.root, "control-plane", service, "migrations", "meta", "_journal.json");
  const known = journal.parse(JSON.parse(await readFile(file, "utf8"))).entries;
  const there = await bench.rows<{ there: boolean }>(
    { database },
    "select to_regclass('drizzle.__drizzle_migrations') is not null as there",
  );
  const rows = there[0]?.there
    ? await bench.rows<{ at: string }>(
        { database },
        "select created_at::text as at from drizzle.__drizzle_migrations",
      )
    : [];
  const done = new Set(rows.map(({ at }) => Number(at)));
  const missing = known.filter(({ when }) => !done.has(when));
  const newer = [...done].filter((at) => known.every(({ when }) => when !== at)).length;
  if (missing.length > 0)
    return [
      {
        status: "wrong",
        what: `The database "${database}" is ${missing.length} migrations behind this version: ${missing[0]?.tag} is the first.`,
        why: "This version's services ask for what is not there yet.",
        mend: "bin/berth start, which migrates while what runs goes on",
      },
    ];
  if (newer === 0) return [];
  return [
    {
      status: "warning",
      what: `The database "${database}" has ${newer} migrations of a newer version than this one.`,
      why: "This one runs on it; a third version may not.",
      mend: "Go over to the newer version, or know that you went back on purpose.",
    },
  ];
}
