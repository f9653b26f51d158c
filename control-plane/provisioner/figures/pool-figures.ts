import { Gauge } from "prom-client";
import type { Metrics } from "../../observability/metrics.ts";
import type { WorkerPool } from "../engine/pool.ts";

/** What is ready for the next operations. */
export function addPoolFigures(
  { registry, lookUp }: Metrics,
  pool: Pick<WorkerPool, "workers" | "idle" | "ahead">,
): void {
  const workers = new Gauge({
    name: "berth_workers",
    help: "Warm workers: busy with an operation (or still starting), or idle",
    labelNames: ["state"],
    registers: [registry],
  });
  const ahead = new Gauge({
    name: "berth_engines_ahead",
    help: "Engines that wait for a new tenant, or are being started for one",
    registers: [registry],
  });
  lookUp({
    name: "workers",
    source: "the process",
    figures: [workers, ahead],
    look: async () => ({ all: pool.workers.length, idle: pool.idle, ahead: pool.ahead().length }),
    show(found) {
      workers.set({ state: "busy" }, found.all - found.idle);
      workers.set({ state: "idle" }, found.idle);
      ahead.set(found.ahead);
    },
  });
}

/** @param count how many stacks wait */
export function addReserveFigures({ registry, lookUp }: Metrics, count: () => Promise<number>): void {
  const reserve = new Gauge({
    name: "berth_reserve_stacks",
    help: "Initialised stacks that wait for a new tenant",
    registers: [registry],
  });
  lookUp({
    name: "reserve",
    source: "instance database",
    figures: [reserve],
    look: count,
    show: (found) => reserve.set(found),
  });
}
