import { z } from "@hono/zod-openapi";
import { tenantReference } from "../../http/params.ts";
import { operationError, operationKind, operationStatus } from "../../instance/client.ts";
import { tenantStatus } from "../tenant-status.ts";

export const tenantSchema = z
  .object({
    id: z.string().meta({ example: "ten_a1b2c3d4e5f6g7h8" }),
    organization: z.string().meta({ example: "org_a1b2c3d4e5f6g7h8" }),
    slug: z.string().meta({ example: "acme" }),
    name: z.string(),
    status: tenantStatus,
    url: z.string().meta({ example: "http://acme.localhost" }),
    stack: z.string().meta({ description: "Name of the Pulumi stack." }),
    admin: z.object({ email: z.string() }),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .openapi("Tenant");

const lastOperationSchema = z
  .object({
    id: z.string().meta({ example: "op_a1b2c3d4e5f6g7h8" }),
    kind: operationKind,
    status: operationStatus,
    error: operationError.nullable(),
  })
  .openapi("LastOperation");

/** A tenant and the last operation on it. */
export const tenantAnswer = z.object({ tenant: tenantSchema, operation: lastOperationSchema });

export const createdAnswer = tenantAnswer.extend({
  admin: z.object({
    email: z.string(),
    password: z
      .string()
      .optional()
      .meta({ description: "Only here and only if it was made for you: keep it." }),
  }),
});

export const slugParam = z.object({ slug: tenantReference });
