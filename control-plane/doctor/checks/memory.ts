import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Check } from "../finding.ts";

const mib = 2 ** 20;
/** MiB: a tenant's Odoo takes 300, a worker with its plugins 470. */
const low = 1024;
const lowest = 256;

export const memory: Check = {
  name: "memory",
  async look({ proc }) {
    const text = await readFile(join(proc, "meminfo"), "utf8");
    const available = (Number(/^MemAvailable:\s+(\d+) kB/m.exec(text)?.[1]) * 1024) / mib;
    if (available >= low) return { well: `${Math.round(available)} MB are available` };
    return [
      {
        status: available < lowest ? "wrong" : "warning",
        what: `${Math.round(available)} MB of memory are available.`,
        why: "The kernel ends processes when there is none left: a tenant's, or PostgreSQL.",
        mend: "End what is not needed; fewer workers and waiting engines take less: BERTH_WORKERS=1 BERTH_ENGINES_AHEAD=0",
      },
    ];
  },
};
