import { z } from "@hono/zod-openapi";
import { languages } from "../mail/languages.ts";

/** An account as everybody who has signed in to it sees it. */
export const account = z.object({ id: z.string(), name: z.string(), email: z.string() }).openapi("Account");

/** An account as its owner sees it. */
export const ownAccount = account
  .extend({
    language: z.enum(languages),
    twoFactor: z.boolean().meta({ description: "Whether a second factor is asked for at sign-in." }),
  })
  .openapi("OwnAccount");

export const impersonator = account
  .omit({ email: true })
  .openapi("Impersonator")
  .nullable()
  .meta({ description: "One of the platform's staff who acts as the account." });
