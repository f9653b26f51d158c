import { z } from "@hono/zod-openapi";
import { name } from "../account-input.ts";
import { keyDays } from "../identity.ts";

const scope = z
  .enum(["read", "write"])
  .meta({ description: "`write` may do what its maker may, up to what an admin may." });

const any = {
  // Half a surrogate pair cannot be kept in the audit.
  name: name
    .refine((text) => text.isWellFormed(), "must not hold half a character")
    .meta({ example: "Deployment" }),
  scope,
  expiresInDays: z
    .int("must be a whole number")
    .min(1, "must be 1 at least")
    .max(keyDays.most, `must be ${keyDays.most} at most`)
    .default(keyDays.default)
    .meta({ description: "Days that it works. A key that never expires would be forgotten." }),
};

/** A key for all organisations, of one of the staff. */
export const newStaffKey = z.strictObject(any).openapi("NewStaffApiKey");
export type NewStaffKey = z.infer<typeof newStaffKey>;

/** A key for one organisation, or for one tenant of it. Not made of the other: in the document nothing would be both. */
export const newKey = z
  .strictObject({
    ...any,
    tenant: z
      .string()
      .regex(/^ten_[a-z][a-z0-9]{15}$/, "is not the id of a tenant")
      .optional()
      .meta({ description: "Id of the only tenant it is for; all of the organisation's without one." }),
  })
  .openapi("NewApiKey");
export type NewKey = z.infer<typeof newKey>;

export const keyId = z
  .string()
  .regex(/^key_[a-z][a-z0-9]{15}$/, "is not the id of a key")
  .meta({ example: "key_a1b2c3d4e5f6g7h8" });
