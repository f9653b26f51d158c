// Writes the dashboards as Grafana reads them: `npm run docs`. A test fails when it was forgotten.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { dashboardOf } from "./dashboard.ts";
import { dashboards } from "./index.ts";

for (const spec of dashboards)
  await writeFile(join(import.meta.dirname, "json", `${spec.name}.json`), dashboardOf(spec));
