import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
} from "@grafana/grafana-foundation-sdk/common";
import {
  type Panel,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as GraphBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

/** Whichever Prometheus this Grafana has: dashboards can be taken to another one. */
export const source = { type: "prometheus", uid: "$datasource" };

/** What every panel has to say. None may leave out what it means, what is bad, its unit or where it turns red. */
export interface PanelSpec {
  title: string;
  /** What the figure is. */
  means: string;
  /** What would be bad, and what to do or where to look then. */
  bad: string;
  unit: string;
  /** Where it turns yellow and red; `below` turns that round. Nothing is red where nothing is bad in itself. */
  thresholds: { warn?: number; red: number; below?: true } | "none";
  /** Query and legend. */
  queries: Array<[expression: string, legend: string]>;
  /** Of 24. Default: a sixth of the page for one figure, a third for what has more. */
  width?: number;
  height?: number;
}

function thresholdsOf(thresholds: PanelSpec["thresholds"]): ThresholdsConfigBuilder {
  const first = (color: string): Threshold => ({ value: null, color });
  const steps: Threshold[] = [];
  if (thresholds === "none") steps.push(first("blue"));
  else if (thresholds.below) {
    steps.push(first("red"), {
      value: thresholds.red,
      color: thresholds.warn === undefined ? "green" : "yellow",
    });
    if (thresholds.warn !== undefined) steps.push({ value: thresholds.warn, color: "green" });
  } else {
    steps.push(first("green"));
    if (thresholds.warn !== undefined) steps.push({ value: thresholds.warn, color: "yellow" });
    steps.push({ value: thresholds.red, color: "red" });
  }
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps);
}

function targetsOf({ queries }: PanelSpec, kind: "now" | "over time" | "rows"): Array<Builder<Dataquery>> {
  return queries.map(([expression, legend], index) => {
    const query = new DataqueryBuilder()
      .datasource(source)
      .expr(expression)
      .legendFormat(legend)
      .refId(String.fromCharCode(65 + index));
    if (kind === "rows") return query.instant().format(PromQueryFormat.Table);
    return kind === "now" ? query.instant() : query.range();
  });
}

const describe = ({ means, bad }: PanelSpec) => `${means}\n\nBad: ${bad}`;

/** One figure, as it is now. */
export function stat(spec: PanelSpec): Builder<Panel> {
  return new StatBuilder()
    .title(spec.title)
    .description(describe(spec))
    .datasource(source)
    .unit(spec.unit)
    .thresholds(thresholdsOf(spec.thresholds))
    .colorMode(BigValueColorMode.Background)
    .graphMode(BigValueGraphMode.None)
    .targets(targetsOf(spec, "now"))
    .span(spec.width ?? 4)
    .height(spec.height ?? 4);
}

/** Figures over time, with a line where it turns red. */
export function graph(spec: PanelSpec): Builder<Panel> {
  const style = spec.thresholds === "none" ? GraphThresholdsStyleMode.Off : GraphThresholdsStyleMode.Dashed;
  return new GraphBuilder()
    .title(spec.title)
    .description(describe(spec))
    .datasource(source)
    .unit(spec.unit)
    .min(0)
    .fillOpacity(8)
    .thresholds(thresholdsOf(spec.thresholds))
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(style))
    .targets(targetsOf(spec, "over time"))
    .span(spec.width ?? 8)
    .height(spec.height ?? 8);
}

/** A row for each thing that is wrong. Empty, and says `ifNone`, while nothing is: the one kind of panel that may be. */
export function wrongOnes(spec: PanelSpec & { ifNone: string }): Builder<Panel> {
  return new TableBuilder()
    .title(spec.title)
    .description(describe(spec))
    .datasource(source)
    .unit(spec.unit)
    .noValue(spec.ifNone)
    .thresholds(thresholdsOf(spec.thresholds))
    .targets(targetsOf(spec, "rows"))
    .span(spec.width ?? 8)
    .height(spec.height ?? 8);
}
