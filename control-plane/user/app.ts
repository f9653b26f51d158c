import { addDocs } from "../http/docs.ts";
import { addHealth, type Check } from "../http/health.ts";
import { createService, type ServiceApp, type ServiceOptions } from "../http/service.ts";
import { addOwnAccountRoutes } from "./routes/account.ts";
import { addAccountRoutes } from "./routes/accounts.ts";
import type { UserRouteDeps } from "./routes/deps.ts";
import { addOpenSessionRoutes } from "./routes/open-sessions.ts";
import { addServiceRoutes } from "./routes/services.ts";
import { addSessionRoutes } from "./routes/sessions.ts";
import { addTwoFactorRoutes } from "./routes/two-factor.ts";

export interface UserAppDeps extends ServiceOptions, UserRouteDeps {
  checks: { database: Check; redis: Check };
}

/** The user service: who is who, and who may do what where. */
export function createUserApp(deps: UserAppDeps): ServiceApp {
  const app = createService(deps);
  addHealth(app, "user", deps.checks);
  addDocs(app, "user", "Who is who, and who may do what where.");
  addAccountRoutes(app, deps);
  addSessionRoutes(app, deps);
  addOpenSessionRoutes(app, deps);
  addTwoFactorRoutes(app, deps);
  addOwnAccountRoutes(app, deps);
  addServiceRoutes(app, deps);
  return app;
}
