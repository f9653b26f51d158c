import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { dataPaths } from "../../paths.ts";
import { startedAt } from "../../provisioner/processes/identity.ts";
import { locksRoot } from "../../provisioner/state/state-store.ts";
import { type Bench, whyNoDatabase } from "../bench.ts";
import type { Check, Finding } from "../finding.ts";

export const locks: Check = {
  name: "locks",
  async look(bench) {
    const found = [
      ...supervisorsSocket(bench),
      ...(await platformLock(bench)),
      ...(await stacks(bench)),
      ...(await platformStack(bench)),
    ];
    return found.length > 0 ? found : { well: "none is left behind" };
  },
};

/** One that was stopped takes its socket away. */
function supervisorsSocket({ settings, supervisor, silent }: Bench): Finding[] {
  const socket = dataPaths(settings.dataDir).supervisorSocket;
  if (silent) {
    const why = "It restarts nothing that dies, and start, stop and restart have nobody to ask.";
    return [{ status: "wrong", what: silent.what, why, mend: silent.mend }];
  }
  if (supervisor || !existsSync(socket)) return [];
  return [
    {
      status: "wrong",
      what: `The supervisor's socket ${socket} is there, and nobody answers behind it.`,
      why: "The supervisor was killed: nothing of the control plane is kept running.",
      mend: "bin/berth start",
    },
  ];
}

/** It goes with its holder, so it is never left behind; but who waits wants to know for whom. */
async function platformLock({ settings, proc }: Bench): Promise<Finding[]> {
  const key = createHash("sha256").update(settings.dataDir).digest("hex").slice(0, 24);
  const sockets = await readFile(join(proc, "net", "unix"), "utf8").catch(() => "");
  if (!sockets.includes(`@berth-platform-${key}`)) return [];
  return [
    {
      status: "warning",
      what: "Another run of bin/berth works on this platform right now.",
      why: "Whoever else starts or stops it waits for that run, ten minutes at most.",
      mend: "Wait for it. If it hangs: ps -ef | grep main.ts, and end it; what it was at is finished by bin/berth start.",
    },
  ];
}

const content = z.object({
  pid: z.number(),
  username: z.string(),
  hostname: z.string(),
  timestamp: z.string(),
});

async function stacks(bench: Bench): Promise<Finding[]> {
  if (whyNoDatabase(bench)) return [];
  const rows = await bench.rows<{ key: string; text: string }>(
    { database: "pulumi" },
    "select key, convert_from(decode(data->>'data', 'base64'), 'UTF8') as text from pulumi_state where starts_with(key, $1)",
    [locksRoot],
  );
  return rows.flatMap(({ key, text }): Finding[] => {
    const stack = key.slice(locksRoot.length).split("/")[0] ?? "";
    const holder = deadHolder(text);
    if (holder === undefined) return [];
    return [
      {
        status: "warning",
        what: `The stack ${stack} is locked by ${holder}, which does not run any more.`,
        why: "The plain pulumi refuses to work on it. An operation of the control plane takes the lock away by itself.",
        mend: `bin/berth stacks tells the slug of ${stack}; eval "$(bin/berth env <slug>)" && pulumi cancel --yes`,
      },
    ];
  });
}

async function platformStack({ settings }: Bench): Promise<Finding[]> {
  const folder = join(dataPaths(settings.dataDir).platformState, ".pulumi", "locks");
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const files = names.filter((name) => name.endsWith(".json")).map((name) => join(folder, name));
  const holders = await Promise.all(files.map(async (file) => deadHolder(await readFile(file, "utf8"))));
  return holders.flatMap((holder): Finding[] =>
    holder === undefined
      ? []
      : [
          {
            status: "warning",
            what: `The platform's own stack is locked by ${holder}, which does not run any more.`,
            why: "Bringing the platform up was broken off: a part may be missing.",
            mend: "bin/berth platform up, which takes the lock away and finishes",
          },
        ],
  );
}

/** Who took a lock, when that process is proved to be gone. */
function deadHolder(text: string): string | undefined {
  const lock = content.safeParse(parsed(text)).data;
  if (!lock || lock.hostname !== hostname()) return undefined;
  const started = startedAt(lock.pid);
  // One that began after the lock was taken has only inherited the number.
  const isDead = started === undefined || started.getTime() > Date.parse(lock.timestamp) + 1_000;
  return isDead ? `process ${lock.pid} of ${lock.username}, since ${lock.timestamp}` : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
