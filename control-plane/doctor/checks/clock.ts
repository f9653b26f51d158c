import { type Bench, whyNoDatabase } from "../bench.ts";
import type { Check, Finding } from "../finding.ts";

/** Codes of a second factor are good for half a minute, tokens have a minute's grace, leases last ten seconds. */
const off = 2;
const farOff = 10;

export const clock: Check = {
  name: "clock",
  async look(bench) {
    const [isSet, ...seen] = await Promise.all([
      setByOthers(bench),
      database(bench),
      engine(bench),
      configured(bench),
    ]);
    const clocks = seen.filter((one) => one !== undefined);
    const found = [...clocks.flatMap(difference), ...(isSet === false ? [alone] : [])];
    if (found.length > 0) return found;
    // What is on this machine has the same clock, and agrees with it however wrong it is.
    const others = clocks.filter(({ host }) => !isHere(host)).map(({ whose }) => whose);
    const well = [
      ...(isSet ? ["the kernel says that it is set by other clocks"] : []),
      ...(others.length > 0 ? [`within ${off} s of ${others.join(" and ")}`] : []),
    ];
    if (well.length === 0)
      return {
        unknown: "there is no clock but this machine's own, and nothing here tells whether that is set",
      };
    return { well: well.join("; ") };
  },
};

const why = "Second factors, tokens and leases are good for so many seconds: they fail, or last too long.";
const mend = "timedatectl set-ntp true, or: apt-get install chrony";
const alone: Finding = {
  status: "warning",
  what: "Nothing sets this machine's clock (the kernel calls it not synchronized): it may be off by any time.",
  why,
  mend,
};

function difference({ whose, seconds }: Seen): Finding[] {
  if (Math.abs(seconds) < off) return [];
  return [
    {
      status: Math.abs(seconds) < farOff ? "warning" : "wrong",
      what: `This machine's clock is ${Math.abs(seconds).toFixed(1)} s ${seconds > 0 ? "before" : "behind"} the one of ${whose}.`,
      why,
      mend,
    },
  ];
}

/**
 * Whether something keeps this machine's clock to others', as the kernel knows it: systemd tells, or Prometheus' exporter of
 * this machine. Undefined where neither does.
 */
async function setByOthers({ run, settings }: Bench): Promise<boolean | undefined> {
  const property = ["show", "--property", "NTPSynchronized", "--value"];
  const told = (await run("timedatectl", property).catch(() => "")).trim();
  if (told !== "") return told === "yes";
  if (!settings.tools.includes("prometheus")) return undefined;
  const url = `http://127.0.0.1:${settings.toolPorts.nodeExporter}/metrics`;
  const figures = await fetch(url, { signal: AbortSignal.timeout(5_000) })
    .then((answer) => answer.text())
    .catch(() => "");
  const status = /^node_timex_sync_status (\d)/m.exec(figures)?.[1];
  return status === undefined ? undefined : status === "1";
}

interface Seen {
  whose: string;
  /** Where that clock is. */
  host: string;
  /** By how much ours is before it. */
  seconds: number;
}

/** @param read gives the other clock's time, in milliseconds since 1970 */
async function compare(whose: string, host: string, read: () => Promise<number>): Promise<Seen | undefined> {
  const from = Date.now();
  const theirs = await read().catch(() => Number.NaN);
  const ours = (from + Date.now()) / 2;
  return Number.isNaN(theirs) ? undefined : { whose, host, seconds: (ours - theirs) / 1000 };
}

async function database(bench: Bench): Promise<Seen | undefined> {
  if (whyNoDatabase(bench)) return undefined;
  return compare("PostgreSQL", new URL(bench.settings.platformDatabaseUrl).hostname, async () => {
    const text = "select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms";
    return (await bench.rows<{ ms: number }>({ database: "postgres" }, text))[0]?.ms ?? Number.NaN;
  });
}

async function engine({ engine: found, run, env }: Bench): Promise<Seen | undefined> {
  if ("away" in found) return undefined;
  // Without a host it is a socket of this machine.
  const host = URL.parse(env.DOCKER_HOST ?? "")?.hostname ?? "";
  return compare("the Docker engine", host, async () =>
    Date.parse((await run("docker", ["info", "--format", "{{.SystemTime}}"])).trim()),
  );
}

/** Where people come from somewhere else, that one's clock is in their tokens. */
async function configured({ settings }: Bench): Promise<Seen | undefined> {
  const url = settings.supabase?.url;
  if (!url) return undefined;
  const seen = await compare(url, new URL(url).hostname, async () => {
    const answer = await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(5_000) });
    // The heading has whole seconds: on an average half of one has passed.
    return Date.parse(answer.headers.get("date") ?? "") + 500;
  });
  return seen;
}

/** Whether an address is this machine, whose clock is no other one. */
function isHere(hostname: string): boolean {
  return /^(localhost|\[::1\]|127\..*|)$/.test(hostname);
}
