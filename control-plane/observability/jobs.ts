import { Counter, Histogram, type Registry } from "prom-client";
import { withIds } from "./ids.ts";

/**
 * Does a job's work once: lines of the log have the job's name then, and how it went is counted. Never rejects, for the job is
 * done again: `failed` is told of the error.
 */
export type Job = (work: () => Promise<unknown>, failed: (error: unknown) => void) => Promise<void>;

/** Seconds: most jobs find nothing to do and are done in milliseconds; the feed waits twenty for news. */
const buckets = [0.01, 0.05, 0.25, 1, 5, 30, 120];

/** Counts what the clock does. A job is there from when it is named, with 0 failures. */
export function countJobs(registry: Registry): (name: string) => Job {
  const runs = new Counter({
    name: "berth_job_runs_total",
    help: "Times that work which nobody asks for (a job of the clock) was done, by whether it succeeded",
    // Not `job`, which is Prometheus' own name for where a figure is from.
    labelNames: ["name", "outcome"],
    registers: [registry],
  });
  const durations = new Histogram({
    name: "berth_job_run_duration_seconds",
    help: "Time that a job of the clock took, whether it succeeded or not",
    labelNames: ["name"],
    buckets,
    registers: [registry],
  });
  return (name) => {
    for (const outcome of ["succeeded", "failed"]) runs.inc({ name, outcome }, 0);
    durations.zero({ name });
    return (work, failed) =>
      withIds({ job: name }, async () => {
        const end = durations.startTimer({ name });
        try {
          await work();
          runs.inc({ name, outcome: "succeeded" });
        } catch (error) {
          runs.inc({ name, outcome: "failed" });
          failed(error);
        } finally {
          end();
        }
      });
  };
}
