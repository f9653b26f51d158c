// Notes what every process of this machine shows to others while it runs, until its standard input ends: arguments and
// environment. node sampler.ts FILE
import { createHash } from "node:crypto";
import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** One line of the file. `text` is as /proc has it, its parts ended by NUL. */
export interface Sample {
  kind: "arguments" | "environment";
  pid: number;
  /** Its arguments at that moment. */
  command: string;
  text: string;
}

const file = process.argv[2] ?? "";
const everyMs = 5;
/** Looks at a process in a row, from its first on: between fork and exec it shows its parent's arguments. */
const looksWhenNew = 40;
/** After those it is looked at with every n-th round. */
const laterEvery = 200;

const looks = new Map<number, number>();
const known = new Set<string>();

function look(pid: number): void {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    // Of the kernel's own, or one that becomes another program in this moment.
    if (command === "") return;
    note({ kind: "arguments", pid, command, text: command });
    note({ kind: "environment", pid, command, text: readFileSync(`/proc/${pid}/environ`, "utf8") });
  } catch {
    // It has ended.
  }
}

function note(sample: Sample): void {
  const key = createHash("sha256").update(`${sample.kind} ${sample.command} ${sample.text}`).digest("base64");
  if (sample.text === "" || known.has(key)) return;
  known.add(key);
  appendFileSync(file, `${JSON.stringify(sample)}\n`, { mode: 0o600 });
}

let asked = false;
process.stdin.resume().once("end", () => {
  asked = true;
});
for (let round = 0; !asked; round++) {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const here = new Set(pids.map(Number));
  for (const pid of looks.keys()) if (!here.has(pid)) looks.delete(pid);
  for (const pid of here) {
    const times = looks.get(pid) ?? 0;
    looks.set(pid, times + 1);
    if (pid === process.pid || (times > looksWhenNew && (pid + round) % laterEvery !== 0)) continue;
    look(pid);
  }
  await delay(everyMs);
}
