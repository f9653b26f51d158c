import { z } from "zod";
import { tenantId } from "../../stacks/tenant/contract.ts";
import { operationId } from "../http/params.ts";
import { storable } from "../http/storable.ts";
import { operationError, operationKind, operationStatus } from "./operation-status.ts";
import { stackSpec } from "./spec.ts";
import { stackStatus } from "./stack-status.ts";

/** Null for what was asked for before tenants belonged to somebody. */
const organization = z.string().max(100).nullable().default(null);

/** As the database keeps it: 32 bits. */
const revision = z.int().min(1).max(2_147_483_647);

/** What a stack should be, as the tenant service says it. `operation` is minted there, so saying it twice changes nothing. */
export const stackRequest = z.discriminatedUnion("desired", [
  z.strictObject({
    desired: z.literal("present"),
    organization,
    operation: operationId,
    revision,
    slug: storable.min(1).max(63),
    spec: stackSpec,
    /** Needed the first time, kept sealed, and ignored after that. */
    adminPasswordHash: z.string().min(1).optional(),
    actor: storable.min(1).max(200),
  }),
  z.strictObject({
    desired: z.literal("absent"),
    organization,
    operation: operationId,
    revision,
    slug: storable.min(1).max(63),
    actor: storable.min(1).max(200),
  }),
]);
export type StackRequest = z.infer<typeof stackRequest>;

export const stackAnswer = z.object({
  stack: z.object({ tenant: tenantId, slug: z.string().nullable(), status: stackStatus, revision: z.int() }),
  operation: z.object({
    id: operationId,
    kind: operationKind,
    status: operationStatus,
    error: operationError.nullable(),
  }),
});
export type StackAnswer = z.infer<typeof stackAnswer>;
