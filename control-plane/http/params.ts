import { z } from "@hono/zod-openapi";

/** Header that makes a POST safe to repeat. */
export const idempotencyHeader = z.object({
  "idempotency-key": z
    .string()
    .optional()
    .meta({ description: "Same key and body: same answer, and done once." }),
});

/** Id of an organisation. */
export const organizationId = z
  .string()
  .regex(/^org_[a-z][a-z0-9]{15}$/, "is not the id of an organisation")
  .meta({ example: "org_a1b2c3d4e5f6g7h8" });

/** Id of a person. */
export const userId = z
  .string()
  .regex(/^usr_[a-z][a-z0-9]{15}$/, "is not the id of a person")
  .meta({ example: "usr_a1b2c3d4e5f6g7h8" });

/** A tenant in a path or a query: its slug or its id. */
export const tenantReference = z
  .string()
  .min(1)
  .max(63)
  // Not a pattern of the document: a JSON Schema's has no flags.
  .refine((text) => !/\p{Cc}/u.test(text), "must not hold control characters")
  .meta({ description: "Slug or id.", example: "acme" });
