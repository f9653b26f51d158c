import { z } from "@hono/zod-openapi";
import { passwordLength } from "../identity.ts";
import { languages } from "../mail/languages.ts";

/** An e-mail address, in small letters. Only ASCII: an address that looks like another's is not one. */
export const email = z
  .string()
  .trim()
  .max(254, "must have 254 characters at most")
  .regex(/^[\x21-\x7e]+$/, "must be plain ASCII")
  .pipe(z.email("must be an e-mail address"))
  .transform((text) => text.toLowerCase())
  // Ours are there: accounts that were made for somebody whose address is not known.
  .refine((address) => !address.endsWith(".invalid"), "must be an address that can receive mail")
  .openapi({ type: "string", format: "email", example: "ada@acme.example" });

export const password = z
  .string()
  .min(passwordLength.min, `must have ${passwordLength.min} characters at least`)
  .max(passwordLength.max, `must have ${passwordLength.max} characters at most`)
  .meta({ format: "password" });

export const name = z
  .string()
  .trim()
  .min(1, "must not be empty")
  .max(100, "must have 100 characters at most")
  // Not a pattern of the document: a JSON Schema's has no flags.
  .refine(
    // Half a surrogate pair (Cs) cannot be kept in the audit.
    (text) => /^[^\p{Cc}\p{Cf}\p{Cs}\u2028\u2029<>"]*$/u.test(text),
    "must not hold control or invisible characters, < > or quotes",
  );

export const newAccount = z
  .strictObject({
    name: name.meta({ example: "Ada Lovelace" }),
    email,
    password,
    language: z.enum(languages).default("en").meta({ description: "What mails are written in." }),
  })
  .openapi("NewAccount");
export type NewAccount = z.infer<typeof newAccount>;

/** A password that is compared only. */
export const givenPassword = z.string().max(1_000).meta({ format: "password" });
export const passwordOnly = z.strictObject({ password: givenPassword }).openapi("GivenPassword");
export const accountChange = z
  .strictObject({ name: name.optional(), language: z.enum(languages).optional() })
  .openapi("AccountChange");
export type AccountChange = z.infer<typeof accountChange>;
export const passwordChange = z.strictObject({ current: givenPassword, password }).openapi("PasswordChange");
export const emailChange = z.strictObject({ email, password: givenPassword }).openapi("EmailChange");
export const emailChangeCode = z
  .strictObject({
    code: z
      .string()
      .regex(/^[\w-]{24}$/, "is not a code of ours")
      .meta({ description: "From the mail." }),
  })
  .openapi("EmailChangeCode");

export const credentials = z.strictObject({ email, password: givenPassword }).openapi("Credentials");
export const addressOnly = z.strictObject({ email }).openapi("EmailAddress");
export const newPassword = z
  .strictObject({
    code: z
      .string()
      .regex(/^[A-Za-z0-9]{1,100}$/, "is not a code of ours")
      .meta({ description: "From the mail." }),
    password,
  })
  .openapi("NewPassword");
export const confirmation = z
  .strictObject({
    code: z
      .string()
      .max(2_000)
      .regex(/^[\w-]+\.[\w-]+\.[\w-]*$/, "is not a code of ours")
      .meta({ description: "From the mail." }),
    password: givenPassword.meta({ description: "The one that was chosen when signing up." }),
  })
  .openapi("Confirmation");
