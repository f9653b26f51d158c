import { z } from "@hono/zod-openapi";

export const apiKey = z
  .object({
    id: z.string().meta({ example: "key_a1b2c3d4e5f6g7h8" }),
    name: z.string(),
    start: z.string().meta({ description: "Its first characters, to tell it from others." }),
    scope: z.enum(["read", "write"]),
    tenant: z.string().nullable().meta({ description: "The only tenant it is for." }),
    createdBy: z.object({ id: z.string(), name: z.string() }),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().nullable(),
    lastUsedAt: z.iso.datetime().nullable().meta({ description: "To a minute." }),
  })
  .openapi("ApiKey");

/** The only answer that holds the key. */
export const madeApiKey = apiKey
  .extend({
    key: z.string().optional().meta({
      description:
        "Send it as: Authorization: Bearer <key>. Keep it: it is not shown again, nor to a request that is repeated.",
    }),
  })
  .openapi("NewApiKeyAnswer");
