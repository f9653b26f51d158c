import { addDocs } from "../http/docs.ts";
import { addHealth, type Check } from "../http/health.ts";
import { createService, type ServiceApp, type ServiceOptions } from "../http/service.ts";

export interface UserAppDeps extends Omit<ServiceOptions, "name"> {
  checks: { database: Check };
}

/** The user service: who is who. Health only, until real identity comes. */
export function createUserApp(deps: UserAppDeps): ServiceApp {
  const app = createService({ name: "user", authenticate: deps.authenticate, log: deps.log });
  addHealth(app, "user", deps.checks);
  addDocs(app, "user", "Who is who. Only health until real identity comes.");
  return app;
}
