import type { Logger } from "./observability/log.ts";
import type { Metrics } from "./observability/metrics.ts";
import type { Background } from "./running-service.ts";

const everyMinutes = 60;

/** Removes what was kept long enough, every hour. What fails is tried again with the next one. */
export function startTidying(
  service: string,
  removals: Record<string, () => Promise<unknown>>,
  { metrics, log }: { metrics: Pick<Metrics, "job">; log: Logger },
): Background {
  const jobs = Object.entries(removals).map(
    ([what, remove]) => [metrics.job(`forget old ${what} of the ${service} service`), remove] as const,
  );
  const timer = setInterval(() => {
    for (const [job, remove] of jobs)
      void job(remove, (error) => log.warn({ err: error }, "what is old stays for now"));
  }, everyMinutes * 60_000);
  return { stop: async () => clearInterval(timer) };
}
