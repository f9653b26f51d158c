import { z } from "@hono/zod-openapi";
import { operationId } from "../../http/params.ts";
import { operationError, operationKind, operationStatus, stepStatuses } from "../operation-status.ts";

export const operationSchema = z
  .object({
    id: z.string().meta({ example: "op_a1b2c3d4e5f6g7h8" }),
    tenant: z.string().meta({ example: "ten_a1b2c3d4e5f6g7h8" }),
    slug: z.string().nullable(),
    kind: operationKind,
    instance: z.string().nullable(),
    status: operationStatus,
    cancelRequested: z.boolean(),
    attempt: z.int().meta({ description: "More than 1 when a worker died over it and another took over." }),
    retryOf: z.string().nullable(),
    steps: z.array(
      z.object({
        name: z.string(),
        status: z.enum(stepStatuses),
        detail: z.string().nullable(),
        startedAt: z.string(),
        finishedAt: z.string().nullable(),
      }),
    ),
    error: operationError.nullable(),
    createdAt: z.string(),
    startedAt: z.string().nullable(),
    finishedAt: z.string().nullable(),
  })
  .openapi("Operation");

export const operationIdParam = z.object({
  id: operationId.openapi({ param: { name: "id", in: "path" } }),
});
