import { readdir, readFile } from "node:fs/promises";
import { askSupervisor } from "../../control-plane/supervisor/ask.ts";

/** Resident MiB of the supervisor's children and of everything below them, by command. */
export async function memoryOf(socket: string): Promise<Record<string, number>> {
  const status = await askSupervisor(socket, "status");
  if (!status) return {};
  const all = await processes();
  const result: Record<string, number> = { supervisor: all.get(status.pid)?.mib ?? 0 };
  for (const child of status.children) {
    if (!child.pid) continue;
    result[child.name] = all.get(child.pid)?.mib ?? 0;
    workersBelow(all, child.pid).forEach(({ pid, mib }, i) => {
      result[`worker ${i + 1}`] = mib;
      const below = [...all.values()].filter(({ parent }) => parent === pid);
      for (const one of below.filter((process) => !isEngine(process)))
        result[`  its ${pluginName(one.command)} (${i + 1})`] = one.mib;
      const engines = below.filter(isEngine);
      const total = engines.reduce((sum, engine) => sum + engine.mib, 0);
      result[`  its ${engines.length} waiting engines (${i + 1})`] = total;
    });
  }
  return result;
}

/** How many engines workers have started. */
export async function countEngines(socket: string): Promise<number> {
  const status = await askSupervisor(socket, "status");
  const all = await processes();
  const workers = status?.children.flatMap(({ pid }) => (pid ? workersBelow(all, pid) : [])) ?? [];
  const pids = new Set(workers.map(({ pid }) => pid));
  return [...all.values()].filter((process) => pids.has(process.parent) && isEngine(process)).length;
}

function workersBelow(all: Map<number, Process>, parent: number) {
  return [...all]
    .map(([pid, process]) => ({ pid, ...process }))
    .filter((process) => process.parent === parent && process.command.includes("engine/worker.ts"));
}

function isEngine({ command }: Process): boolean {
  return /(^|\/)pulumi\0up\0/.test(command);
}

function pluginName(command: string): string {
  return /pulumi-resource-(\w+)/.exec(command)?.[1] ?? "own provider";
}

interface Process {
  command: string;
  parent: number;
  mib: number;
}

async function processes(): Promise<Map<number, Process>> {
  const found = new Map<number, Process>();
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const text = await readFile(`/proc/${entry}/status`, "utf8").catch(() => "");
    const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, "m").exec(text)?.[1];
    const parent = field("PPid");
    if (!parent) continue;
    found.set(Number(entry), {
      command: await readFile(`/proc/${entry}/cmdline`, "utf8").catch(() => ""),
      parent: Number(parent),
      mib: Math.round(Number(field("VmRSS") ?? 0) / 1024),
    });
  }
  return found;
}
