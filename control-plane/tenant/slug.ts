import { z } from "@hono/zod-openapi";
import { reservedSlugs } from "./reserved-slugs.ts";

const shortest = 3;
const longest = 32;

/**
 * What is wrong with a slug, as a sentence that completes "slug: ..."; `undefined` when nothing is.
 * It becomes the first label of the tenant's host name, so only what every DNS and browser treats alike is taken.
 */
export function slugProblem(slug: string): string | undefined {
  const invisible = /[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}\p{Zl}\p{Zp}]/u.exec(slug)?.[0];
  if (invisible !== undefined) return `holds an invisible character (${codePoint(invisible)}); type it anew`;
  const foreign = /[^\x20-\x7e]/u.exec(slug)?.[0];
  if (foreign !== undefined) {
    return `holds "${foreign}" (${codePoint(foreign)}), which may look like a letter of a to z but is another one; use a to z, 0 to 9 and "-"`;
  }
  if (slug === "") return "is missing";
  if (slug !== slug.toLowerCase()) return "must be lower case";
  const other = /[^a-z0-9-]/.exec(slug)?.[0];
  if (other !== undefined) return `holds "${other}"; use a to z, 0 to 9 and "-"`;
  if (slug.length < shortest) return `is too short: ${shortest} characters at least`;
  if (slug.length > longest) return `is too long: ${longest} characters at most`;
  if (slug.startsWith("-") || slug.endsWith("-")) return 'must not begin or end with "-"';
  // "xn--" and its kin mean an encoded name, which a browser would show as something else.
  if (slug.slice(2, 4) === "--") return 'must not have "--" in third place';
  if (reservedSlugs.has(slug)) return "is reserved; choose another one";
  return undefined;
}

/** The slug of a new tenant. */
export const newSlug = z
  .string({ error: (issue) => (issue.input === undefined ? "is missing" : "must be text") })
  .superRefine((slug, check) => {
    const problem = slugProblem(slug);
    if (problem) check.addIssue({ code: "custom", message: problem });
  })
  .openapi({
    type: "string",
    minLength: shortest,
    maxLength: longest,
    pattern: "^[a-z0-9][a-z0-9-]*[a-z0-9]$",
    example: "acme",
    description: "First label of the tenant's host name. Some are reserved.",
  });

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
