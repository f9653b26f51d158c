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
    let number = 0;
    for (const [pid, process] of all) {
      if (process.parent !== child.pid || !process.command.includes("engine/worker.ts")) continue;
      number += 1;
      result[`worker ${number}`] = process.mib;
      const below = [...all.values()].filter((grandchild) => grandchild.parent === pid);
      for (const plugin of below) result[`  its ${pluginName(plugin.command)} (${number})`] = plugin.mib;
    }
  }
  return result;
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
