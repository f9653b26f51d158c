import type { Queries } from "../database.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { EndedOperation } from "./context.ts";
import { countOperations } from "./operation-figures.ts";
import { addQueueFigures } from "./queue-figures.ts";
import { addStackFigures } from "./stack-figures.ts";
import { addTenantFigures } from "./tenant-figures.ts";

/** All that the instance service tells. Gives what counts the operations that end in it. */
export function addFigures(metrics: Metrics, db: Queries): (ended: EndedOperation) => void {
  addQueueFigures(metrics, db);
  addStackFigures(metrics, db);
  addTenantFigures(metrics, db);
  return countOperations(metrics.registry);
}
