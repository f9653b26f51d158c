import { z } from "@hono/zod-openapi";
import { organizationId } from "../http/params.ts";
import { longestPassword, shortestPassword } from "./password.ts";
import { newSlug } from "./slug.ts";

/** A name that people read: any script, but nothing that hides, turns round or breaks a line. */
const displayName = z
  .string({ error: (issue) => (issue.input === undefined ? "is missing" : "must be text") })
  .refine((name) => name.isWellFormed(), "holds half a character; type it anew")
  .transform((name) => name.normalize("NFC").trim())
  .pipe(
    z
      .string()
      .min(1, "is missing")
      .max(100, "is too long: 100 characters at most")
      .refine((name) => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name), "must be one line without control characters")
      .refine(
        (name) => !/[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u.test(name),
        "holds an invisible character; type it anew",
      ),
  )
  .openapi({ type: "string", minLength: 1, maxLength: 100, example: "Acme Ltd" });

const password = z
  .string()
  .min(shortestPassword, `is too short: ${shortestPassword} characters at least`)
  .max(longestPassword, `is too long: ${longestPassword} characters at most`)
  .refine((text) => !/\p{Cc}/u.test(text), "must not hold control characters")
  .refine((text) => new Set(text).size >= 4, "is too simple: use at least four different characters");

/** Body of `POST /tenant/v1/tenants`. */
export const newTenant = z
  .strictObject({
    slug: newSlug,
    name: displayName,
    organization: organizationId
      .optional()
      .openapi({ description: "Whose it is. May be left out by whoever is in one organisation only." }),
    admin: z.strictObject(
      {
        email: z
          .email("is not an e-mail address")
          .max(254, "is too long: 254 characters at most")
          .openapi({ example: "ada@acme.example" }),
        password: password
          .optional()
          .openapi({ description: "Without one a password is made and shown once, in this answer." }),
      },
      { error: (issue) => (issue.input === undefined ? "is missing" : undefined) },
    ),
    odoo: z
      .strictObject({
        modules: z
          .array(z.string().regex(/^[a-z][a-z0-9_]{0,99}$/, "is not the technical name of a module"))
          .max(100, "has too many: 100 modules at most")
          .default([])
          .openapi({ description: "Technical names, as in GET /instance/v1/catalogue.", example: ["crm"] }),
        lang: z
          .string()
          .max(20)
          .default("en_US")
          .openapi({ description: "As in the catalogue.", example: "fr_FR" }),
        country: z.string().max(2).optional().openapi({ description: "ISO 3166 alpha-2.", example: "FR" }),
        demo: z.boolean().default(false).openapi({ description: "Load Odoo's demonstration data." }),
      })
      .prefault({}),
  })
  .openapi("NewTenant");
export type NewTenant = z.infer<typeof newTenant>;

/** Body of `PATCH /tenant/v1/tenants/{slug}`. */
export const tenantChange = z.strictObject({ name: displayName }).openapi("TenantChange");
export type TenantChange = z.infer<typeof tenantChange>;
