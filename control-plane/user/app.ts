import { addAuditRoutes } from "../audit/routes.ts";
import type { AuditSource } from "../audit/source.ts";
import { addDocs } from "../http/docs.ts";
import { addHealth, type Checks } from "../http/health.ts";
import { createService, type ServiceApp, type ServiceOptions } from "../http/service.ts";
import { addOwnAccountRoutes } from "./routes/account.ts";
import { addAccountRoutes } from "./routes/accounts.ts";
import { addApiKeyRoutes } from "./routes/api-keys.ts";
import type { UserRouteDeps } from "./routes/deps.ts";
import { addFirstStaffPage } from "./routes/first-staff-page.ts";
import { addImpersonationRoutes } from "./routes/impersonations.ts";
import { addInvitationRoutes } from "./routes/invitations.ts";
import { addLinkRoutes } from "./routes/links.ts";
import { addMemberRoutes } from "./routes/members.ts";
import { addOpenSessionRoutes } from "./routes/open-sessions.ts";
import { addOrganizationRoutes } from "./routes/organizations.ts";
import { addReceivedInvitationRoutes } from "./routes/received-invitations.ts";
import { addServiceRoutes } from "./routes/services.ts";
import { addSessionRoutes } from "./routes/sessions.ts";
import { addStaffRoutes } from "./routes/staff.ts";
import { addTwoFactorRoutes } from "./routes/two-factor.ts";

export interface UserAppDeps extends ServiceOptions, UserRouteDeps {
  audit: AuditSource;
  checks: Checks;
}

/** The user service: who is who, and who may do what where. */
export function createUserApp(deps: UserAppDeps): ServiceApp {
  const app = createService("user", deps);
  addHealth(app, "user", deps.checks);
  addDocs(app, "user", "Who is who, and who may do what where.");
  addAccountRoutes(app, deps);
  addSessionRoutes(app, deps);
  addOpenSessionRoutes(app, deps);
  addTwoFactorRoutes(app, deps);
  addOwnAccountRoutes(app, deps);
  addOrganizationRoutes(app, deps);
  addMemberRoutes(app, deps);
  addInvitationRoutes(app, deps);
  addReceivedInvitationRoutes(app, deps);
  addLinkRoutes(app, deps);
  addApiKeyRoutes(app, deps);
  addStaffRoutes(app, deps);
  addImpersonationRoutes(app, deps);
  addFirstStaffPage(app);
  addServiceRoutes(app, deps);
  addAuditRoutes(app, { service: "user", source: deps.audit });
  return app;
}
