import { addAuditRoutes } from "../audit/routes.ts";
import type { AuditSource } from "../audit/source.ts";
import { addDocs } from "../http/docs.ts";
import { addHealth, type Checks } from "../http/health.ts";
import { createService, type ServiceOptions } from "../http/service.ts";
import { addCheckRoutes } from "./routes/checks.ts";
import type { InstanceRouteDeps } from "./routes/deps.ts";
import { addEventRoutes } from "./routes/events.ts";
import { addFeedRoutes } from "./routes/feed.ts";
import { addInstanceRoutes } from "./routes/instances.ts";
import { addOperationRoutes } from "./routes/operations.ts";
import { addStackRoutes } from "./routes/stacks.ts";

export interface InstanceAppDeps extends ServiceOptions, InstanceRouteDeps {
  audit: AuditSource;
  checks: Checks;
}

/** The instance service: what is. Stacks, operations and what happens to them. */
export function createInstanceApp(deps: InstanceAppDeps) {
  const app = createService("instance", deps);
  addHealth(app, "instance", deps.checks);
  addDocs(app, "instance", "What is: stacks, instances, operations and their events.");
  addEventRoutes(app, deps);
  addInstanceRoutes(app, deps);
  addCheckRoutes(app, deps);
  addOperationRoutes(app, deps);
  addStackRoutes(app, deps);
  addFeedRoutes(app, deps);
  addAuditRoutes(app, { service: "instance", source: deps.audit });
  return app;
}
