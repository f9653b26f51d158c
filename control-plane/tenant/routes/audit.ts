import { z } from "@hono/zod-openapi";
import { auditEntry, auditHead, platformChain } from "../../audit/entry.ts";
import { entryFilter } from "../../audit/source.ts";
import { decodePlaces, encodePlaces, pageOf, pageQuery } from "../../http/cursor.ts";
import { organizationId, tenantReference } from "../../http/params.ts";
import { json, withProblems } from "../../http/responses.ts";
import { route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import type { Logger } from "../../observability/log.ts";
import { chooseChain, chooseOneChain } from "../audit/choose-chain.ts";
import { exportChain, readHead } from "../audit/export-chain.ts";
import { gatherEntries, tenantsNamed } from "../audit/gather-entries.ts";
import { callerContext, type TenantRouteDeps } from "./deps.ts";

const tags = ["audit"];
const path = "/tenant/v1/audit";
const access = { who: "role", role: "admin", beyondTenant: true } as const;

const chain = z
  .union([organizationId, z.literal(platformChain), z.literal("org_none")])
  .optional()
  .meta({
    description: `Whose entries. Needed by who is in several. The staff have all without it, and of what belongs to none by "${platformChain}".`,
  });
const chainQuery = z.object({ organization: chain });

const entry = auditEntry
  .extend({ hash: z.string().meta({ description: "SHA-256 of the entry's line in the export." }) })
  .openapi("AuditEntry");

const list = route(access, {
  method: "get",
  path,
  tags,
  summary: "Who changed what, newest first",
  description: "Of all services. Times are those of the transactions; `since` is included, `until` is not.",
  request: {
    query: pageQuery.extend({
      organization: chain,
      service: auditEntry.shape.service.optional(),
      tenant: tenantReference.optional(),
      ...entryFilter.shape,
    }),
  },
  responses: withProblems(
    { 200: json("A page", pageOf(entry)) },
    "not_found",
    "service_unavailable",
    "validation_failed",
  ),
});

const head = route(access, {
  method: "get",
  path: `${path}/head`,
  tags,
  summary: "What vouches for the audit up to now",
  description: "Keep it where Berth cannot reach it: an export that does not fit it was changed since.",
  request: { query: chainQuery },
  responses: withProblems(
    { 200: json("The head", auditHead) },
    "not_found",
    "service_unavailable",
    "validation_failed",
  ),
});

const lines = route(access, {
  method: "get",
  path: `${path}/export`,
  tags,
  summary: "The whole audit of an organisation, as JSON lines",
  description:
    "A line for each entry, with the SHA-256 of the line before it: `bin/berth audit verify` and docs/audit.md. It is cut off if a service goes away meanwhile, which a head shows.",
  request: { query: chainQuery },
  responses: withProblems(
    {
      200: {
        description: "JSON lines: user, tenant and instance service one after the other",
        content: { "application/jsonl": { schema: z.string() } },
      },
    },
    "not_found",
    "service_unavailable",
    "validation_failed",
  ),
});

export function addAuditRoutes(app: ServiceApp, deps: TenantRouteDeps): void {
  app
    .openapi(list, async (c) => {
      const { organization, service, tenant, limit, cursor, ...filter } = c.req.valid("query");
      const { caller, db } = callerContext(deps, c);
      const { items, next } = await gatherEntries(deps.audit(caller.requestId), {
        ...filter,
        chain: chooseChain(caller, organization),
        tenants: tenant === undefined ? undefined : await tenantsNamed(db, tenant),
        service,
        limit,
        place: decodePlaces(["user", "tenant", "instance"], cursor),
      });
      return c.json({ items, nextCursor: next && encodePlaces(next) }, 200);
    })
    .openapi(head, async (c) => {
      const { caller } = callerContext(deps, c);
      const chain = chooseOneChain(caller, c.req.valid("query").organization);
      return c.json(await readHead(deps.audit(caller.requestId), chain, new Date()), 200);
    })
    .openapi(lines, async (c) => {
      const { caller } = callerContext(deps, c);
      const chain = chooseOneChain(caller, c.req.valid("query").organization);
      const sources = deps.audit(caller.requestId);
      const upTo = await readHead(sources, chain, new Date());
      c.header("Content-Type", "application/jsonl");
      c.header("Content-Disposition", `attachment; filename="audit-${chain}.jsonl"`);
      // When it fails in the middle the connection breaks, so that nobody takes a part for the whole.
      const lines = ReadableStream.from(exported(exportChain(sources, upTo), c.get("log")));
      // The types take whatever ends in "json" or so for one JSON value.
      return c.body(lines) as never;
    });
}

async function* exported(lines: AsyncIterable<string>, log: Logger): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  try {
    for await (const line of lines) yield encoder.encode(`${line}\n`);
  } catch (error) {
    log.error({ err: error }, "an export of the audit was cut off");
    throw error;
  }
}
