import { Gauge } from "prom-client";
import type { Metrics } from "../../observability/metrics.ts";
import type { StateStore } from "../state/state-store.ts";

/** How large Pulumi's state has become. */
export function addStateFigures({ registry, lookUp }: Metrics, state: Pick<StateStore, "size">): void {
  const bytes = new Gauge({
    name: "berth_state_bytes",
    help: "Size of the database with Pulumi's state and histories",
    registers: [registry],
  });
  const largest = new Gauge({
    name: "berth_state_largest_stack_bytes",
    help: "Size of the largest stack's state, as it is stored (compressed)",
    registers: [registry],
  });
  lookUp({
    name: "state",
    source: "Pulumi's database",
    figures: [bytes, largest],
    look: () => state.size(),
    show(found) {
      bytes.set(found.bytes);
      largest.set(found.largestStack);
    },
  });
}
