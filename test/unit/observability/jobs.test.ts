import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createLog } from "../../../control-plane/observability/log.ts";
import { createMetrics } from "../../../control-plane/observability/metrics.ts";

function open() {
  const stream = new PassThrough();
  const lines: string[] = [];
  stream.on("data", (chunk: Buffer) => lines.push(chunk.toString()));
  const log = createLog({ env: "test", logLevel: "info" }, "test", stream);
  const metrics = createMetrics(log);
  const runs = async () =>
    (await metrics.text()).split("\n").filter((line) => line.startsWith("berth_job_runs_total{"));
  const timed = async () =>
    /berth_job_run_duration_seconds_count\{.*\} (\d+)/.exec(await metrics.text())?.[1];
  return { log, metrics, lines, runs, timed };
}

test("a job is there with 0 from when it is named, and each run is counted by how it went", async () => {
  const { metrics, runs, timed } = open();
  const job = metrics.job("sweep");
  expect(await runs()).toEqual([
    'berth_job_runs_total{name="sweep",outcome="succeeded"} 0',
    'berth_job_runs_total{name="sweep",outcome="failed"} 0',
  ]);
  const errors: unknown[] = [];
  const broken = new Error("The broom is away.");
  await job(
    async () => "swept",
    (error) => errors.push(error),
  );
  await job(
    () => Promise.reject(broken),
    (error) => errors.push(error),
  );
  await job(
    () => {
      throw broken;
    },
    (error) => errors.push(error),
  );
  expect(await runs()).toEqual([
    'berth_job_runs_total{name="sweep",outcome="succeeded"} 1',
    'berth_job_runs_total{name="sweep",outcome="failed"} 2',
  ]);
  expect(await timed()).toBe("3");
  expect(errors).toEqual([broken, broken]);
});

test("lines of a job have its name, those of its failure too", async () => {
  const { log, metrics, lines } = open();
  await metrics.job("sweep")(
    async () => {
      log.info("one corner is clean");
      throw new Error("The broom is away.");
    },
    (error) => log.warn({ err: error }, "not swept"),
  );
  log.info("by nobody");
  const said = lines.map((line) => JSON.parse(line) as { msg: string; job?: string });
  expect(said.map(({ msg, job }) => [msg, job])).toEqual([
    ["one corner is clean", "sweep"],
    ["not swept", "sweep"],
    ["by nobody", undefined],
  ]);
});
