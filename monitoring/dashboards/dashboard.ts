import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  VariableHide,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { source } from "./panels.ts";

/** One dashboard: rows from the most urgent to the least. */
export interface DashboardSpec {
  /** Names its file and its address in Grafana. */
  name: string;
  title: string;
  description: string;
  /** Name and query of what is chosen above the panels. */
  variables?: Record<string, string>;
  rows: Record<string, Array<Builder<Panel>>>;
}

/** The dashboard as Grafana takes it. */
export function dashboardOf(spec: DashboardSpec): string {
  const dashboard = new DashboardBuilder(spec.title)
    .uid(`berth-${spec.name}`)
    .description(spec.description)
    .tags(["berth"])
    .timezone("browser")
    .refresh("30s")
    .time({ from: "now-3h", to: "now" })
    .tooltip(DashboardCursorSync.Crosshair)
    .readonly()
    .link(new DashboardLinkBuilder("Berth").type(DashboardLinkType.Dashboards).tags(["berth"]).keepTime(true))
    .withVariable(
      new DatasourceVariableBuilder("datasource").type("prometheus").hide(VariableHide.HideVariable),
    );
  for (const [name, query] of Object.entries(spec.variables ?? {}))
    dashboard.withVariable(
      new QueryVariableBuilder(name)
        .datasource(source)
        .query(query)
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .sort(VariableSort.AlphabeticalAsc),
    );
  for (const [title, panels] of Object.entries(spec.rows)) {
    dashboard.withRow(new RowBuilder(title));
    for (const panel of panels) dashboard.withPanel(panel);
  }
  return `${JSON.stringify(dashboard.build(), null, 2)}\n`;
}
