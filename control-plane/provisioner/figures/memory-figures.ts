import { readFile } from "node:fs/promises";
import { Gauge } from "prom-client";
import type { Metrics } from "../../observability/metrics.ts";
import { provisionerTag } from "../processes/identity.ts";
import { taggedProcesses } from "../processes/scan.ts";

/** Bytes of memory that are really there, by whose they are. */
export interface ProvisionerMemory {
  /** The provisioner's own process. */
  process: number;
  /** The workers' processes. */
  workers: number;
  /** What these have started: plugins, engines that run and engines that wait. */
  plugins: number;
}

export function addMemoryFigures(
  { registry, lookUp }: Metrics,
  look: () => Promise<ProvisionerMemory>,
): void {
  const memory = new Gauge({
    name: "berth_provisioner_memory_bytes",
    help: "Resident memory of the provisioner's process, of its workers, and of the plugins and engines they started",
    labelNames: ["part"],
    registers: [registry],
  });
  lookUp({
    name: "memory",
    source: "/proc",
    figures: [memory],
    look,
    show(found) {
      for (const [part, bytes] of Object.entries(found)) memory.set({ part }, bytes);
    },
  });
}

/**
 * @param tag the provisioner's, which all carry that it started, whatever has become of who started them
 * @param workers process numbers of the workers
 */
export async function readMemory(tag: string, workers: number[]): Promise<ProvisionerMemory> {
  const others = (await taggedProcesses(provisionerTag))
    .filter((one) => one.tag === tag && !workers.includes(one.pid))
    .map(({ pid }) => pid);
  const [own, ofWorkers, ofOthers] = await Promise.all([
    residentBytes([process.pid]),
    residentBytes(workers),
    residentBytes(others),
  ]);
  return { process: own, workers: ofWorkers, plugins: ofOthers };
}

/** Of one that has ended meanwhile: nothing. */
async function residentBytes(pids: number[]): Promise<number> {
  const each = await Promise.all(
    pids.map(async (pid) => {
      const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
      return Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
    }),
  );
  return each.reduce((sum, bytes) => sum + bytes, 0);
}
