import { z } from "@hono/zod-openapi";
import { json, withProblems } from "../http/responses.ts";
import { route } from "../http/route.ts";
import type { ServiceApp } from "../http/service.ts";
import { idPattern } from "../ids.ts";
import { platformChain } from "./entry.ts";
import { type AuditSource, chainEndAnswer, entriesAnswer, entryQuery, linesAnswer } from "./source.ts";

const tags = ["between services"];
const chain = z.string().regex(new RegExp(`${idPattern("org").source}|^org_none$|^${platformChain}$`));
const chainParam = z.object({ chain });
const query = entryQuery.extend({
  chain: chain.optional(),
  before: z.coerce.number().int().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(101),
  tenants: z
    .string()
    .max(2_100)
    .regex(/^ten_[a-z0-9]{16}(,ten_[a-z0-9]{16}){0,99}$/)
    .optional()
    .meta({ description: "Ids of tenants, with commas between." }),
});

/** By these the tenant service gathers what others tell of. */
export function addAuditRoutes(
  app: ServiceApp,
  { service, source }: { service: "user" | "instance"; source: AuditSource },
): void {
  const path = `/${service}/v1/audit`;
  const entries = route(
    { who: "service" },
    {
      method: "get",
      path: `${path}/entries`,
      tags,
      summary: "Entries of this service's audit, newest first",
      request: { query },
      responses: withProblems({ 200: json("Entries", entriesAnswer) }, "validation_failed"),
    },
  );
  const end = route(
    { who: "service" },
    {
      method: "get",
      path: `${path}/chains/{chain}`,
      tags,
      summary: "Where a chain of this service's audit ends",
      request: { params: chainParam },
      responses: withProblems({ 200: json("Its end", chainEndAnswer) }, "validation_failed"),
    },
  );
  const lines = route(
    { who: "service" },
    {
      method: "get",
      path: `${path}/chains/{chain}/lines`,
      tags,
      summary: "Lines of a chain of this service's audit, in order",
      request: {
        params: chainParam,
        query: z.object({ after: z.coerce.number().int().min(0).default(0) }),
      },
      responses: withProblems({ 200: json("Lines", linesAnswer) }, "validation_failed"),
    },
  );
  app
    .openapi(entries, async (c) => {
      const { tenants, ...wanted } = c.req.valid("query");
      const items = await source.entries({ ...wanted, tenants: tenants?.split(",") });
      return c.json({ items }, 200);
    })
    .openapi(end, async (c) => c.json({ end: await source.end(c.req.valid("param").chain) }, 200))
    .openapi(lines, async (c) => {
      const items = await source.lines(c.req.valid("param").chain, c.req.valid("query").after);
      return c.json({ items }, 200);
    });
}
