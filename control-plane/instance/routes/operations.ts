import { organizationsOf } from "../../access/scope.ts";
import { decodeCursor, pageOf, pageQuery, toPage } from "../../http/cursor.ts";
import { idempotencyHeader, organizationId, tenantReference } from "../../http/params.ts";
import { json, withProblems } from "../../http/responses.ts";
import { route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import { cancelOperation } from "../cancel-operation.ts";
import { operationStatus } from "../operation-status.ts";
import { listOperations, readOperation } from "../read-operations.ts";
import { retryOperation } from "../retry-operation.ts";
import { accepted, acceptOperation } from "./accepted.ts";
import { callerContext, type InstanceRouteDeps } from "./deps.ts";
import { operationIdParam, operationSchema } from "./operation-schema.ts";
import { untilKnown } from "./until-known.ts";

const tags = ["operations"];

const list = route(
  { who: "role", role: "viewer" },
  {
    method: "get",
    path: "/instance/v1/operations",
    tags,
    summary: "Operations, newest first",
    request: {
      query: pageQuery.extend({
        organization: organizationId.optional().meta({ description: "Only this one's." }),
        tenant: tenantReference.optional(),
        status: operationStatus.optional(),
      }),
    },
    responses: withProblems({ 200: json("A page", pageOf(operationSchema)) }, "validation_failed"),
  },
);

const read = route(
  { who: "role", role: "viewer" },
  {
    method: "get",
    path: "/instance/v1/operations/{id}",
    tags,
    summary: "One operation, its steps and how it ended",
    request: { params: operationIdParam },
    responses: withProblems(
      { 200: json("The operation", operationSchema) },
      "not_found",
      "validation_failed",
    ),
  },
);

const cancel = route(
  { who: "role", role: "developer" },
  {
    method: "post",
    path: "/instance/v1/operations/{id}/cancel",
    tags,
    summary: "Stop an operation and take back what it made",
    request: { params: operationIdParam, headers: idempotencyHeader },
    responses: withProblems(
      { 202: accepted },
      "not_found",
      "operation_ended",
      "not_cancellable",
      "validation_failed",
      "idempotency_key_reused",
    ),
  },
);

const retry = route(
  { who: "role", role: "developer" },
  {
    method: "post",
    path: "/instance/v1/operations/{id}/retry",
    tags,
    summary: "Do what failed or was cancelled again, as a new operation",
    request: { params: operationIdParam, headers: idempotencyHeader },
    responses: withProblems(
      { 202: accepted },
      "not_found",
      "not_retryable",
      "tenant_deleting",
      "validation_failed",
      "idempotency_key_reused",
    ),
  },
);

export function addOperationRoutes(app: ServiceApp, deps: InstanceRouteDeps) {
  return app
    .openapi(list, async (c) => {
      const { limit, cursor, organization, tenant, status } = c.req.valid("query");
      const { db, caller } = callerContext(deps, c);
      const rows = await listOperations(db, {
        limit: limit + 1,
        organizations: organizationsOf(caller.rights, organization),
        before: decodeCursor(cursor),
        tenant,
        status,
      });
      const { items, nextCursor } = toPage(rows, limit, (row) => row.position);
      return c.json({ items: items.map(({ position: _, ...view }) => view), nextCursor }, 200);
    })
    .openapi(read, async (c) => {
      const { id } = c.req.valid("param");
      const { db } = callerContext(deps, c);
      return c.json(await untilKnown(deps.signals, id, () => readOperation(db, id)), 200);
    })
    .openapi(cancel, (c) => {
      const { id } = c.req.valid("param");
      return acceptOperation(
        deps,
        c,
        async (ctx) => {
          await cancelOperation(ctx, { id });
          return id;
        },
        ({ db }) => untilKnown(deps.signals, id, () => readOperation(db, id)),
      );
    })
    .openapi(retry, (c) =>
      acceptOperation(deps, c, (ctx) => retryOperation(ctx, { id: c.req.valid("param").id })),
    );
}
