import { z } from "@hono/zod-openapi";
import { tenantId } from "../../../stacks/tenant/contract.ts";
import { body } from "../../http/params.ts";
import { bodyProblems, json, withProblems } from "../../http/responses.ts";
import { route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import { putStack } from "../put-stack.ts";
import { readCatalogue } from "../read-catalogue.ts";
import { stackAnswer, stackRequest } from "../stack-request.ts";
import { callerContext, type InstanceRouteDeps } from "./deps.ts";

const put = route(
  { who: "service" },
  {
    method: "put",
    path: "/instance/v1/stacks/{tenant}",
    tags: ["between services"],
    summary: "Say what a tenant's stack should be",
    description:
      "For the tenant service. The same operation id again gives the same answer and does nothing.",
    request: {
      params: z.object({ tenant: tenantId }),
      body: body(stackRequest),
    },
    responses: withProblems(
      { 200: json("Taken over", stackAnswer) },
      ...bodyProblems,
      "stale_revision",
      "tenant_deleting",
      "slug_taken",
      "conflict",
    ),
  },
);

const catalogueSchema = z
  .object({
    template: z.string(),
    odooVersion: z.string(),
    modules: z.array(z.string()),
    languages: z.array(z.string()),
    countries: z.array(z.string()),
  })
  .openapi("Catalogue");

const catalogue = route(
  { who: "known" },
  {
    method: "get",
    path: "/instance/v1/catalogue",
    tags: ["instances"],
    summary: "Modules, languages and countries a new tenant may have",
    responses: withProblems({
      200: json(
        "The catalogue; null while no template was built",
        // As a union: what `nullable()` makes of a named schema is documented as never null.
        z.object({ catalogue: z.union([catalogueSchema, z.null()]) }),
      ),
    }),
  },
);

export function addStackRoutes(app: ServiceApp, deps: InstanceRouteDeps) {
  return app
    .openapi(put, async (c) => {
      const input = { tenantId: c.req.valid("param").tenant, request: c.req.valid("json") };
      return c.json(await putStack(callerContext(deps, c), input), 200);
    })
    .openapi(catalogue, async (c) =>
      c.json({ catalogue: await readCatalogue(callerContext(deps, c).db) }, 200),
    );
}
