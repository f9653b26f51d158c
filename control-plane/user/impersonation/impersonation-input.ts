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
      // Half a surrogate pair cannot be kept in the audit.
      .refine(
        (text) => /^[^\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]*$/u.test(text),
        "must not hold control or invisible characters",
      )
      .meta({ description: "Kept in the audit; the user does not see it.", example: "Ticket 4711" }),
  })
  .openapi("NewImpersonation");
export type NewImpersonation = z.infer<typeof newImpersonation>;
