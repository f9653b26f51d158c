import { addDocs } from "../http/docs.ts";
import { addHealth, type Checks } from "../http/health.ts";
import type { ServiceApp } from "../http/service.ts";
import { createService, type ServiceOptions } from "../http/service.ts";
import { addAuditRoutes } from "./routes/audit.ts";
import type { TenantRouteDeps } from "./routes/deps.ts";
import { addOrganizationRoutes } from "./routes/organizations.ts";
import { addTenantRoutes } from "./routes/tenants.ts";

export interface TenantAppDeps extends ServiceOptions, TenantRouteDeps {
  checks: Checks;
}

/** The tenant service: what should be. */
export function createTenantApp(deps: TenantAppDeps): ServiceApp {
  const app = createService("tenant", deps);
  addHealth(app, "tenant", deps.checks);
  addDocs(app, "tenant", "What should be: tenants.");
  addTenantRoutes(app, deps);
  addOrganizationRoutes(app, deps);
  addAuditRoutes(app, deps);
  return app;
}
