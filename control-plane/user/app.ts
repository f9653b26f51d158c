import { addDocs } from "../http/docs.ts";
import { addHealth, type Check } from "../http/health.ts";
import { createService, type ServiceApp, type ServiceOptions } from "../http/service.ts";
import { addAccountRoutes } from "./routes/accounts.ts";
import type { UserRouteDeps } from "./routes/deps.ts";
import { addSessionRoutes } from "./routes/sessions.ts";

export interface UserAppDeps extends Omit<ServiceOptions, "name" | "isOpen">, UserRouteDeps {
  checks: { database: Check };
}

const open = new Set([
  "/user/v1/accounts",
  "/user/v1/email-confirmation",
  "/user/v1/email-verification",
  "/user/v1/password",
  "/user/v1/password-resets",
  "/user/v1/sessions",
  "/user/v1/sessions/current",
]);

/** The user service: who is who. */
export function createUserApp(deps: UserAppDeps): ServiceApp {
  const app = createService({
    name: "user",
    authenticate: deps.authenticate,
    log: deps.log,
    // Who signs up or in has no key yet; routes that need a session look for it themselves.
    isOpen: (path) => open.has(path),
  });
  addHealth(app, "user", deps.checks);
  addDocs(app, "user", "Who is who: accounts and sessions.");
  addAccountRoutes(app, deps);
  addSessionRoutes(app, deps);
  return app;
}
