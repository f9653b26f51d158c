import { collectDefaultMetrics, Gauge, type Registry } from "prom-client";
import { berthVersion } from "../version.ts";
import type { Metrics } from "./metrics.ts";

/** What every process of ours tells: its memory, processor time and event loop, and which version it is. */
export async function measureProcess({ registry }: Pick<Metrics, "registry">): Promise<void> {
  collectDefaultMetrics({ register: registry });
  addBuildInfo(registry, await berthVersion());
}

export function addBuildInfo(registry: Registry, version: string): void {
  const build = new Gauge({
    name: "berth_build_info",
    help: "1; the label says which version of Berth runs",
    labelNames: ["version"],
    registers: [registry],
  });
  build.set({ version }, 1);
}
