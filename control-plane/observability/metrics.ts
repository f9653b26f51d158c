import { Counter, type Gauge, Registry } from "prom-client";
import { inTime } from "../in-time.ts";
import { countJobs, type Job } from "./jobs.ts";
import type { Logger } from "./log.ts";
import { createOutage } from "./outage.ts";

/** What is looked up for each scrape: a gauge, or a counter that somebody else counts. */
type Figure = Gauge | Counter;

/** Figures that are looked up together, each time they are asked for. */
interface FigureGroup<Found> {
  /** Says in `berth_scrape_errors_total` and in the log which could not be read. */
  name: string;
  /** Where they come from, for docs/metrics.md. */
  source: string;
  figures: Figure[];
  /** One cheap look. */
  look(): Promise<Found>;
  /** Sets the figures, which are empty. */
  show(found: Found): void;
}

/** What a process tells of itself. Made once for each process and given to whoever counts. */
export interface Metrics {
  registry: Registry;
  /** Where a figure that is looked up comes from, by its name. */
  sources: ReadonlyMap<string, string>;
  /** Errors of looks that are made at other times than a scrape are counted here as well. */
  errors: Counter<"group">;
  /** Names a job of the clock, once in each process. Its work is done by what this gives. */
  job(name: string): Job;
  lookUp<Found>(group: FigureGroup<Found>): void;
  /** All of it, as Prometheus reads it. Answers in time whatever is away: figures that cannot be read are missing. */
  text(): Promise<string>;
}

/** They have names, which their types do not say. */
type FigureNames = Array<Figure & { name: string }>;

/** Milliseconds that a look may take: a scrape is to be answered within a second. */
const lookMs = 750;

export function createMetrics(log: Logger): Metrics {
  const registry = new Registry();
  const errors = new Counter({
    name: "berth_scrape_errors_total",
    help: "Times that a group of figures could not be read; they are missing then",
    labelNames: ["group"],
    registers: [registry],
  });
  const job = countJobs(registry);
  const sources = new Map<string, string>();
  const looks: Array<() => Promise<void>> = [];
  let asked: Promise<string> | undefined;
  return {
    registry,
    sources,
    errors,
    job,
    lookUp(group) {
      errors.inc({ group: group.name }, 0);
      for (const { name } of group.figures as FigureNames) sources.set(name, group.source);
      looks.push(createLook(group, errors, log));
    },
    text() {
      asked ??= Promise.all(looks.map((look) => look()))
        .then(() => registry.metrics())
        .finally(() => {
          asked = undefined;
        });
      return asked;
    },
  };
}

function createLook<Found>(
  { name, figures, look, show }: FigureGroup<Found>,
  errors: Counter<"group">,
  log: Logger,
): () => Promise<void> {
  const outage = createOutage(log, { group: name }, "figures cannot be read and are missing");
  /** One that is late is not asked once more on top: it may wait for a database that is away. */
  let looking: Promise<Found> | undefined;
  return async () => {
    try {
      if (looking) throw new Error("The look before has not ended yet.");
      looking = look().finally(() => {
        looking = undefined;
      });
      const found = await inTime(looking, lookMs, `the figures "${name}"`);
      clear(figures);
      show(found);
      outage.over();
    } catch (error) {
      clear(figures);
      errors.inc({ group: name });
      outage.met(error);
    }
  };
}

/** No figure, rather than an old one or a 0 that nobody has seen. */
function clear(figures: Figure[]): void {
  for (const figure of figures) {
    figure.reset();
    // One without labels is 0 after a reset.
    figure.remove({});
  }
}
