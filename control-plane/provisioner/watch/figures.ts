import type { Queries } from "../../database.ts";
import { putFigures } from "../../instance/put-figures.ts";
import { watchedInstances } from "../../instance/watched-instances.ts";
import type { Logger } from "../../observability/log.ts";
import type { Metrics } from "../../observability/metrics.ts";
import { createOutage, type Outage } from "../../observability/outage.ts";
import { lookAtTenants, type SourceName, sourceNames, type TenantSources } from "../figures/tenants/look.ts";

export interface FiguresWatch {
  /** Looks now; resolves when what was found is in the record. Never rejects. */
  look(): Promise<void>;
  /** Seconds since all were looked at, and what was found was put into the record; at first since the start. */
  age(): number;
  /** Resolves when nothing is written any more. */
  stop(): Promise<void>;
}

/** Milliseconds between two looks. */
const everyMs = 15_000;

/** Looks at all tenants again and again, and puts what it finds into the record, where the instance service reads it. */
export function watchFigures(options: {
  env: string;
  db: Queries;
  sources: TenantSources;
  metrics: Metrics;
  log: Logger;
}): FiguresWatch {
  const { env, db, sources, metrics, log } = options;
  const job = metrics.job("look at tenants");
  const noteAway = addSourceErrors(metrics, log);
  const outage = createOutage(
    log,
    {},
    "the tenants' figures could not be put into the record; trying again every 15 s",
  );
  let wholeAt = performance.now();
  let looking: Promise<void> | undefined;
  const once = async () => {
    const instances = await watchedInstances(db);
    await putFigures(db, await lookAtTenants(env, instances, sources, noteAway));
    wholeAt = performance.now();
    outage.over();
  };
  const look = () => {
    looking ??= job(once, outage.met).finally(() => {
      looking = undefined;
    });
    return looking;
  };
  const timer = setInterval(() => void look(), everyMs);
  return {
    look,
    age: () => (performance.now() - wholeAt) / 1_000,
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}

/** A source that is away is counted at each look, and told once. */
function addSourceErrors({ errors }: Metrics, log: Logger): (source: SourceName, error: unknown) => void {
  const outages = {} as Record<SourceName, Outage>;
  for (const source of sourceNames) {
    errors.inc({ group: source }, 0);
    outages[source] = createOutage(log, { group: source }, "tenants' figures cannot be read and are missing");
  }
  return (source, error) => {
    if (error === undefined) return outages[source].over();
    errors.inc({ group: source });
    outages[source].met(error);
  };
}
