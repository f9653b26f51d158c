import { type Bench, whyNoDatabase } from "../bench.ts";
import type { Check, Finding } from "../finding.ts";

/** Codes of a second factor are good for half a minute, tokens have a minute's grace, leases last ten seconds. */
const off = 2;
const farOff = 10;

export const clock: Check = {
  name: "clock",
  async look(bench) {
    const seen = await Promise.all([database(bench), engine(bench), configured(bench)]);
    const clocks = seen.filter((one) => one !== undefined);
    const found = clocks.flatMap(({ whose, seconds }): Finding[] => {
      if (Math.abs(seconds) < off) return [];
      const way = seconds > 0 ? "before" : "behind";
      return [
        {
          status: Math.abs(seconds) < farOff ? "warning" : "wrong",
          what: `This machine's clock is ${Math.abs(seconds).toFixed(1)} s ${way} the one of ${whose}.`,
          why: "Second factors, tokens and leases are good for so many seconds: they fail, or last too long.",
          mend: "timedatectl set-ntp true, or: apt-get install chrony",
        },
      ];
    });
    if (found.length > 0) return found;
    if (clocks.length === 0) return { unknown: "there is no other clock to compare it with" };
    return { well: `within ${off} s of ${clocks.map(({ whose }) => whose).join(" and ")}` };
  },
};

interface Seen {
  whose: string;
  /** By how much ours is before it. */
  seconds: number;
}

/** @param read gives the other clock's time, in milliseconds since 1970 */
async function compare(whose: string, read: () => Promise<number>): Promise<Seen | undefined> {
  const from = Date.now();
  const theirs = await read().catch(() => Number.NaN);
  const ours = (from + Date.now()) / 2;
  return Number.isNaN(theirs) ? undefined : { whose, seconds: (ours - theirs) / 1000 };
}

async function database(bench: Bench): Promise<Seen | undefined> {
  if (whyNoDatabase(bench)) return undefined;
  return compare("PostgreSQL", async () => {
    const text = "select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms";
    return (await bench.rows<{ ms: number }>({ database: "postgres" }, text))[0]?.ms ?? Number.NaN;
  });
}

async function engine({ engine: found, run }: Bench): Promise<Seen | undefined> {
  if ("away" in found) return undefined;
  return compare("the Docker engine", async () =>
    Date.parse((await run("docker", ["info", "--format", "{{.SystemTime}}"])).trim()),
  );
}

/** Where people come from somewhere else, that one's clock is in their tokens. */
async function configured({ settings }: Bench): Promise<Seen | undefined> {
  const url = settings.supabase?.url;
  if (!url) return undefined;
  const seen = await compare(url, async () => {
    const answer = await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(5_000) });
    // The heading has whole seconds: on an average half of one has passed.
    return Date.parse(answer.headers.get("date") ?? "") + 500;
  });
  return seen;
}
