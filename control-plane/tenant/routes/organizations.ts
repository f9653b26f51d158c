import { z } from "@hono/zod-openapi";
import { organizationId } from "../../http/params.ts";
import { withProblems } from "../../http/responses.ts";
import { route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import { deleteOrganization } from "../delete-organization.ts";
import { callerContext, type TenantRouteDeps } from "./deps.ts";

const remove = route(
  { who: "member", role: "owner", inPerson: true },
  {
    method: "delete",
    path: "/tenant/v1/organizations/{id}",
    tags: ["organisations"],
    summary: "Delete an organisation that has no tenants",
    description:
      "Its members, invitations and keys go with it. It gets no tenants any more once this has begun; if it is answered with 503, repeat it.",
    request: { params: z.object({ id: organizationId }) },
    responses: withProblems(
      { 204: { description: "Deleted" } },
      "not_found",
      "organization_in_use",
      "service_unavailable",
      "validation_failed",
    ),
  },
);

/** What becomes of organisations is decided where their tenants are. */
export function addOrganizationRoutes(app: ServiceApp, deps: TenantRouteDeps): void {
  app.openapi(remove, async (c) => {
    await deleteOrganization(callerContext(deps, c), deps, c.req.valid("param").id);
    return c.body(null, 204);
  });
}
