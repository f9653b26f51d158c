import { z } from "@hono/zod-openapi";
import { idOf } from "../../http/params.ts";
import { name } from "../account/account-input.ts";
import { keyDays } from "../identity.ts";

const scope = z
  .enum(["read", "write"])
  .meta({ description: "`write` may do what its maker may, up to what an admin may." });

// Not named itself: a named schema that is extended is documented as one that its extension contradicts.
const anyKey = z.strictObject({
  name: name.meta({ example: "Deployment" }),
  scope,
  expiresInDays: z
    .int("must be a whole number")
    .min(1, "must be 1 at least")
    .max(keyDays.most, `must be ${keyDays.most} at most`)
    .default(keyDays.default)
    .meta({ description: "Days that it works. A key that never expires would be forgotten." }),
});

/** A key for all organisations, of one of the staff. */
export const newStaffKey = anyKey.openapi("NewStaffApiKey");
export type NewStaffKey = z.infer<typeof newStaffKey>;

/** A key for one organisation, or for one tenant of it. */
export const newKey = anyKey
  .extend({
    tenant: idOf("ten", "a tenant")
      .optional()
      .meta({ description: "Id of the only tenant it is for; all of the organisation's without one." }),
  })
  .openapi("NewApiKey");
export type NewKey = z.infer<typeof newKey>;

export const keyId = idOf("key", "a key");
