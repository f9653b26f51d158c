import type { z } from "@hono/zod-openapi";

/** A JSON body that must be there. */
export const body = <Schema extends z.ZodType>(schema: Schema) => ({
  required: true,
  content: { "application/json": { schema } },
});
