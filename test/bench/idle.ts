import { readFile } from "node:fs/promises";
import pg from "pg";
import { dataPaths } from "../../control-plane/paths.ts";
import { until } from "../../control-plane/until.ts";
import { countEngines } from "./memory.ts";
import type { RawWorld } from "./raw.ts";

/**
 * Waits until nothing of the last measurement disturbs the next: the provisioner has stacks and engines ahead, and what
 * removed containers and databases leave to the kernel and to PostgreSQL is done. Both sides wait the same way.
 */
export async function idle({ settings, login }: Pick<RawWorld, "settings" | "login">): Promise<void> {
  const client = new pg.Client({ ...login, database: "instance" });
  await client.connect();
  try {
    const ahead = "SELECT count(*)::int AS n FROM stacks WHERE status = 'reserved'";
    const { supervisorSocket } = dataPaths(settings.dataDir);
    const engines = Math.min(settings.reserve, settings.enginesAhead);
    const isReady = async () =>
      (await client.query<{ n: number }>(ahead)).rows[0]?.n === settings.reserve &&
      (await countEngines(supervisorSocket)) >= engines;
    await until(isReady, { what: "stacks and engines to be made ahead", deadlineMs: 60_000, everyMs: 200 });
  } finally {
    await client.end();
  }
  await quiet();
}

const quietMs = { window: 1_000, deadline: 30_000 };
/** Share of all cores that others may use, and how much must have been seen of them (ticks are 10 ms). */
const quietShare = 0.1;
const quietTicks = 50;

/** Waits until the machine has had little to do for a second. One that is never quiet is measured as it is. */
async function quiet(): Promise<void> {
  let before = await processorTicks();
  await until(
    async () => {
      const now = await processorTicks();
      const [all, busy] = [now.all - before.all, now.busy - before.busy];
      before = now;
      // The first look has nothing to compare with.
      return all > quietTicks && busy / all < quietShare;
    },
    { what: "a quiet machine", deadlineMs: quietMs.deadline, everyMs: quietMs.window },
  ).catch((error) =>
    console.log(`${error instanceof Error ? error.message : error} It is measured all the same.`),
  );
}

/** Ticks that all cores together have had, and those in which they worked, from the first line of `/proc/stat`. */
async function processorTicks(): Promise<{ all: number; busy: number }> {
  const [line = ""] = (await readFile("/proc/stat", "utf8")).split("\n");
  const ticks = line.split(/\s+/).slice(1, 9).map(Number);
  const all = ticks.reduce((sum, each) => sum + each, 0);
  const [, , , idleTicks = 0, waiting = 0] = ticks;
  return { all, busy: all - idleTicks - waiting };
}
