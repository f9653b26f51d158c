import { readdirSync, readFileSync } from "node:fs";
import { dataPaths } from "../../control-plane/paths.ts";
import type { Settings } from "../../control-plane/settings.ts";
import { askSupervisor } from "../../control-plane/supervisor/ask.ts";
import type { Victim } from "./cells.ts";

/** A `pulumi` process that works on a tenant, and the worker that has started it. */
export interface Engine {
  pid: number;
  worker: number;
}

const workerMark = "engine/worker.ts";
const pluginMarks: Partial<Record<Victim, string>> = {
  "docker plugin": "pulumi-resource-docker",
  "postgresql plugin": "pulumi-resource-postgresql",
  "our own plugin": "components/provider/index.ts",
};

/**
 * Finds out who is to be killed, as far as that is known before an engine runs. What it gives names the processes
 * once an engine has come to the point, in one go: an engine lives half a second.
 */
export async function aim(settings: Settings, victim: Victim): Promise<(engine: Engine) => number[]> {
  const status = await askSupervisor(dataPaths(settings.dataDir).supervisorSocket, "status");
  const pidOf = (name: string) => {
    const pid = status?.children.find((child) => child.name === name)?.pid;
    if (!status || !pid) throw new Error(`The control plane does not run as it should: no ${name}.`);
    return pid;
  };
  const provisioner = pidOf("provisioner");
  // All of it but the engines and plugins, which outlive their worker: whoever comes next has to end those.
  const controlPlane = [status?.pid ?? 0, pidOf("services"), provisioner];
  return (engine) => {
    if (victim === "worker") return [engine.worker];
    if (victim === "provisioner") return [provisioner];
    if (victim === "control plane") {
      return [...controlPlane, ...children(provisioner).filter((pid) => command(pid).includes(workerMark))];
    }
    const mark = pluginMarks[victim] ?? "";
    const found = children(engine.worker).filter((pid) => command(pid).includes(mark));
    if (found.length !== 1) throw new Error(`There are ${found.length} processes to kill as ${victim}.`);
    return found;
  };
}

/** The engine that works on a tenant right now. */
export function engineOf(tenant: string): Engine | undefined {
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const pid = Number(name);
    const line = command(pid);
    if (!line.startsWith("pulumi\0") || !line.includes(`/${tenant}\0`)) continue;
    const worker = parentOf(pid);
    if (command(worker).includes(workerMark)) return { pid, worker };
  }
  return undefined;
}

function children(parent: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent);
}

function parentOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

/** Its arguments, each closed by a zero byte; empty when it is dead, its zombie included. */
function command(pid: number): string {
  return read(`/proc/${pid}/cmdline`);
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
