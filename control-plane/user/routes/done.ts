import { z } from "@hono/zod-openapi";

/** What was done, or happens next, where there is nothing else to tell. */
export const done = z.object({ detail: z.string().meta({ description: "For a person." }) }).openapi("Done");
