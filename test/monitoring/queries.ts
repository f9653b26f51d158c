import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { projectRoot } from "../../control-plane/paths.ts";

export const alertsFolder = join(projectRoot, "monitoring", "alerts");
export const dashboardsFolder = join(projectRoot, "monitoring", "dashboards", "json");

interface Target {
  expr: string;
  refId: string;
}

/** A panel as it stands in the JSON that Grafana reads. */
interface Panel {
  type: string;
  title: string;
  description?: string;
  targets?: Target[];
  gridPos: { x: number; y: number; w: number; h: number };
  fieldConfig?: {
    defaults: { unit?: string; noValue?: string; thresholds?: { steps: Array<{ color: string }> } };
  };
}

export interface Dashboard {
  uid: string;
  title: string;
  templating: { list: Array<{ name: string; type: string; query?: string }> };
  panels: Panel[];
}

export async function readDashboards(): Promise<Array<{ file: string; dashboard: Dashboard }>> {
  const files = (await readdir(dashboardsFolder)).sort();
  return Promise.all(
    files.map(async (file) => ({
      file,
      dashboard: JSON.parse(await readFile(join(dashboardsFolder, file), "utf8")) as Dashboard,
    })),
  );
}

export interface Rule {
  alert?: string;
  record?: string;
  expr: string;
  for?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

/** Every rule, with the file that holds it. */
export async function readRules(): Promise<Array<Rule & { file: string }>> {
  const files = (await readdir(alertsFolder)).filter((file) => /^[a-z-]+\.yml$/.test(file)).sort();
  const read = files.map(async (file) => {
    const { groups } = parse(await readFile(join(alertsFolder, file), "utf8")) as {
      groups: Array<{ rules: Rule[] }>;
    };
    return groups.flatMap(({ rules }) => rules.map((rule) => ({ ...rule, file })));
  });
  return (await Promise.all(read)).flat();
}

/** A query of ours, and where it stands. */
export interface Query {
  where: string;
  query: string;
  /** A list of what is wrong: empty while nothing is. */
  listsWhatIsWrong: boolean;
  /** Counts what went wrong: 0 while nothing has, and never nothing. */
  countsErrors: boolean;
}

/** Names and labels of what counts errors. */
const errors =
  /errors?_total|scrape_error\b|failures_total|deadlocks|rejected|evicted|class="5xx"|code=~"5\.\."|outcome="failed"/;

/** Every query of every panel, with what is chosen above the panels filled in. */
export async function panelQueries(chosen: Record<string, string>): Promise<Query[]> {
  const values: Record<string, string> = { ...chosen, __rate_interval: "1m" };
  return (await readDashboards()).flatMap(({ dashboard }) =>
    dashboard.panels.flatMap((panel) =>
      (panel.targets ?? []).map(({ expr, refId }) => ({
        where: `${dashboard.title}: ${panel.title} ${refId}`,
        query: expr.replace(/\$(\w+)/g, (whole, name) => {
          const value = values[name];
          if (value === undefined) throw new Error(`${panel.title}: nothing is known of ${whole}.`);
          return value;
        }),
        listsWhatIsWrong: panel.fieldConfig?.defaults.noValue !== undefined,
        countsErrors: errors.test(expr),
      })),
    ),
  );
}
