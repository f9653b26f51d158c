import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { Seconds, Short } from "@grafana/grafana-foundation-sdk/units";
import { graph, type PanelSpec, stat } from "./panels.ts";

type Without<Key extends keyof PanelSpec> = Omit<PanelSpec, Key>;
const legendOf = (labels: string[]) => labels.map((label) => `{{${label}}}`).join(" ");
const rateOf = (metric: string) => `rate(${metric}[$__rate_interval])`;

/** 1 while something answers; red at 0. */
export function answers(spec: Without<"unit" | "thresholds">): Builder<Panel> {
  return stat({ ...spec, unit: Short, thresholds: { red: 1, below: true } });
}

/** A number that should be 0; red from the first on. */
export function shouldBeNone(spec: Without<"unit" | "thresholds">): Builder<Panel> {
  return stat({ ...spec, unit: Short, thresholds: { red: 1 } });
}

/** How fast counters grow, each summed up to one line: its name and the line's. */
export function rates({
  of,
  ...spec
}: Without<"queries"> & { of: Array<[metric: string, legend: string]> }): Builder<Panel> {
  return graph({ ...spec, queries: of.map(([metric, legend]) => [`sum(${rateOf(metric)})`, legend]) });
}

/** How fast one counter grows, a line for each value of some of its labels. */
export function ratesBy({
  by,
  metric,
  ...spec
}: Without<"queries"> & { metric: string; by: string[] }): Builder<Panel> {
  return graph({ ...spec, queries: [[`sum by (${by.join(", ")}) (${rateOf(metric)})`, legendOf(by)]] });
}

/** The 95th percentile of a histogram of seconds, a line for each value of a label. */
export function time95({
  by,
  histogram,
  ...spec
}: Without<"title" | "unit" | "queries"> & { histogram: string; by: string }): Builder<Panel> {
  const buckets = `sum by (le, ${by}) (${rateOf(`${histogram}_bucket`)})`;
  return graph({
    ...spec,
    title: "Time that 95 of 100 requests stay below",
    unit: Seconds,
    queries: [[`histogram_quantile(0.95, ${buckets})`, legendOf([by])]],
  });
}

/** The ten instances with most of something. */
export function tenTenants({ most, ...spec }: Without<"queries"> & { most: string }): Builder<Panel> {
  return graph({ ...spec, queries: [[`topk(10, ${most})`, legendOf(["slug", "instance"])]] });
}
