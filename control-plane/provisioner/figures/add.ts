import { Gauge } from "prom-client";
import type { Metrics } from "../../observability/metrics.ts";
import { addBackupFigures } from "./backup-figures.ts";
import { addMemoryFigures, type ProvisionerMemory } from "./memory-figures.ts";
import { addPartFigures, type PartState } from "./part-figures.ts";
import { addPoolFigures, addReserveFigures } from "./pool-figures.ts";
import { addStateFigures } from "./state-figures.ts";
import { addTemplateFigures } from "./template-figures.ts";

/** Where the provisioner's figures come from. */
export interface FigureSources {
  memory: () => Promise<ProvisionerMemory>;
  pool: Parameters<typeof addPoolFigures>[1];
  reserved: () => Promise<number>;
  state: Parameters<typeof addStateFigures>[1];
  parts: () => Promise<PartState[]>;
  /** Seconds; infinite without one. */
  templateAge: () => Promise<number>;
  lastBackup: () => Promise<Date | undefined>;
  /** Seconds since all tenants were looked at. */
  figuresAge: () => number;
}

/** All that the provisioner looks up when it is asked. */
export function addFigures(metrics: Metrics, sources: FigureSources): void {
  addMemoryFigures(metrics, sources.memory);
  addPoolFigures(metrics, sources.pool);
  addReserveFigures(metrics, sources.reserved);
  addStateFigures(metrics, sources.state);
  addPartFigures(metrics, sources.parts);
  addTemplateFigures(metrics, sources.templateAge);
  addBackupFigures(metrics, sources.lastBackup);
  addFiguresAge(metrics, sources.figuresAge);
}

function addFiguresAge({ registry, lookUp }: Metrics, look: () => number): void {
  const age = new Gauge({
    name: "berth_figures_age_seconds",
    help: "Time since all tenants were looked at, and what was found was put into the record; at first since the start",
    registers: [registry],
  });
  lookUp({
    name: "age",
    source: "the process",
    figures: [age],
    look: async () => look(),
    show: (found) => age.set(found),
  });
}
