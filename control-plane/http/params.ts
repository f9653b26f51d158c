import { z } from "@hono/zod-openapi";
import { type IdPrefix, idPattern } from "../ids.ts";

/** Header that makes a POST safe to repeat. */
export const idempotencyHeader = z.object({
  "idempotency-key": z
    .string()
    .optional()
    .meta({ description: "Same key and body: same answer, and done once." }),
});

/** A JSON body that must be there. */
export const body = <Schema extends z.ZodType>(schema: Schema) => ({
  required: true,
  content: { "application/json": { schema } },
});

/** An id of ours. @param what it names, as a sentence has it: "an organisation" */
export const idOf = (prefix: IdPrefix, what: string) =>
  z
    .string()
    .regex(idPattern(prefix), `is not the id of ${what}`)
    .meta({ example: `${prefix}_a1b2c3d4e5f6g7h8` });

export const organizationId = idOf("org", "an organisation");
export const userId = idOf("usr", "a person");
export const operationId = idOf("op", "an operation");

/** A tenant in a path or a query: its slug or its id. */
export const tenantReference = z
  .string()
  .min(1)
  .max(63)
  // Not a pattern of the document: a JSON Schema's has no flags.
  .refine((text) => !/\p{Cc}/u.test(text), "must not hold control characters")
  .meta({ description: "Slug or id.", example: "acme" });
