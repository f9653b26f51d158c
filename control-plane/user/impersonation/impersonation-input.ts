import { z } from "@hono/zod-openapi";
import { userId } from "../../http/params.ts";

export const newImpersonation = z
  .strictObject({
    user: userId,
    reason: z
      .string()
      .trim()
      .min(1, "must not be empty")
      .max(500, "must have 500 characters at most")
      .regex(/^[^\p{Cc}\p{Cf}\u2028\u2029]*$/u, "must not hold control or invisible characters")
      .meta({ description: "Kept in the audit; the user does not see it.", example: "Ticket 4711" }),
  })
  .openapi("NewImpersonation");
export type NewImpersonation = z.infer<typeof newImpersonation>;
