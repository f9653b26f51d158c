import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { reservedSlugs } from "../../control-plane/tenant/reserved-slugs.ts";
import { slugProblem } from "../../control-plane/tenant/slug.ts";
import { freshSlug, newTenantBody, type Problem, withServices } from "./support.ts";

const t = withServices();
const path = "/tenant/v1/tenants";

describe("a slug", () => {
  test.each([
    ["is missing", undefined, "is missing"],
    ["is empty", "", "is missing"],
    ["is no text", 12, "must be text"],
    ["is too short", "ab", "too short"],
    ["is too long", "a".repeat(33), "too long"],
    ["has capitals", "Acme", "lower case"],
    ["has an underscore", "ac_me", 'holds "_"'],
    ["has a dot", "ac.me", 'holds "."'],
    ["has a blank", "ac me", 'holds " "'],
    ["begins with a dash", "-acme", "begin or end"],
    ["ends with a dash", "acme-", "begin or end"],
    ["is an encoded name", "xn--80ak6aa92e", "third place"],
    ["has a Cyrillic letter", "аcme", "U+0430"],
    ["has a full-width letter", "ａcme", "U+FF41"],
    ["has a zero-width space", "ac\u200bme", "invisible character (U+200B)"],
    ["has a soft hyphen", "ac\u00adme", "invisible character (U+00AD)"],
    ["has a zero-width joiner", "ac\u200dme", "invisible character"],
    ["has a Hangul filler", "acme\u3164", "invisible character"],
    ["has a line break", "acme\n", "invisible character"],
    ["has an accent", "café", "U+00E9"],
    ["has a NUL", "ac\u0000me", "invisible character"],
    ["is a path", "../etc", 'holds "."'],
  ])("that %s is refused with a clear sentence", async (_, slug, sentence) => {
    const problem = await t.expect<Problem>(422, "POST", path, { ...newTenantBody("x"), slug });
    expect(problem.code).toBe("validation_failed");
    expect(problem.errors).toEqual([{ path: "slug", message: expect.stringContaining(sentence) }]);
    expect(problem.detail).toContain("slug");
  });

  test("that is reserved is refused", () => {
    for (const slug of reservedSlugs) expect(slugProblem(slug) ?? "", slug).toMatch(/reserved|too short/);
  });

  test.each(["api", "www", "app", "admin", "mail"])("of the issue's list is reserved: %s", async (slug) => {
    const problem = await t.expect<Problem>(422, "POST", path, newTenantBody(slug));
    expect(problem.detail).toContain("is reserved");
  });

  test("that is taken as it is refused whatever else it may be", () => {
    const label = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "grapheme", maxLength: 70 }),
          fc.string({ unit: fc.constantFrom(..."abz09-_.A \u200b\u0430é"), maxLength: 40 }),
        ),
        (slug) => {
          const fits = label.test(slug) && slug.length >= 3 && slug.length <= 32 && slug.slice(2, 4) !== "--";
          expect(slugProblem(slug) === undefined).toBe(fits && !reservedSlugs.has(slug));
          // What is taken reads the same in every form of Unicode and in every case.
          if (slugProblem(slug) === undefined) expect(slug.normalize("NFKC").toLowerCase()).toBe(slug);
        },
      ),
      { numRuns: 5_000 },
    );
  });

  test("of any kind makes no error of ours", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", maxLength: 60 }), async (slug) => {
        const read = await t.call("GET", `${path}/${encodeURIComponent(slug)}`);
        expect([200, 404, 422]).toContain(read.status);
        if (slugProblem(slug) === undefined) return;
        expect((await t.call("POST", path, newTenantBody(slug))).status).toBe(422);
      }),
      { numRuns: 150 },
    );
  });
});

describe("a new tenant's other fields", () => {
  const odoo = (fields: Record<string, unknown>) => ({ odoo: fields });
  const admin = (fields: Record<string, unknown>) => ({ admin: { email: "a@b.example", ...fields } });
  test.each([
    ["name missing", { name: undefined }, "name"],
    ["name of blanks", { name: "   " }, "name"],
    ["name too long", { name: "n".repeat(101) }, "name"],
    ["name with a line break", { name: "Acme\r\nBcc: x@y.example" }, "name"],
    ["name with half a character", { name: "Acme \ud800" }, "name"],
    ["name that turns round", { name: "Acme\u202egnp" }, "name"],
    ["admin missing", { admin: undefined }, "admin"],
    ["email missing", { admin: {} }, "admin.email"],
    ["email no address", admin({ email: "nobody" }), "admin.email"],
    ["email with a look-alike", admin({ email: "аda@acme.example" }), "admin.email"],
    ["email with a line break", admin({ email: "a@b.example\nBcc: c@d.example" }), "admin.email"],
    ["password too short", admin({ password: "short" }), "admin.password"],
    ["password too long", admin({ password: "ab1-".repeat(65) }), "admin.password"],
    ["password too simple", admin({ password: "aaaaaaaaaaaa" }), "admin.password"],
    ["password with a NUL", admin({ password: "abcdefgh\u0000ij" }), "admin.password"],
    ["unknown field", { colour: "red" }, "(body)"],
    ["unknown module", odoo({ modules: ["crm", "no_such_module"] }), "odoo.modules.1"],
    ["module with a comma", odoo({ modules: ["crm,base"] }), "odoo.modules.0"],
    ["module that is an option", odoo({ modules: ["--stop"] }), "odoo.modules.0"],
    ["modules no list", odoo({ modules: "crm" }), "odoo.modules"],
    ["unknown language", odoo({ lang: "xx_XX" }), "odoo.lang"],
    ["unknown country", odoo({ country: "XX" }), "odoo.country"],
    ["demo no yes or no", odoo({ demo: "yes" }), "odoo.demo"],
  ])("%s: 422 that names the field, and nothing is made", async (_, more, field) => {
    const slug = freshSlug();
    const problem = await t.expect<Problem>(422, "POST", path, newTenantBody(slug, more));
    expect(problem).toMatchObject({ code: "validation_failed", status: 422 });
    expect(problem.errors?.map((error) => error.path)).toContain(field);
    expect(await t.rows("tenant", "select from tenants where slug = $1", [slug])).toEqual([]);
  });

  test("may be what the template knows", async () => {
    const body = newTenantBody(freshSlug(), {
      odoo: { modules: ["crm", "crm"], lang: "fr_FR", country: "FR" },
    });
    const { tenant } = await t.expect<{ tenant: { id: string } }>(202, "POST", path, body);
    const [row] = await t.rows<{ spec: { odoo: unknown } }>(
      "tenant",
      "select spec from specs where tenant_id = $1",
      [tenant.id],
    );
    expect(row?.spec.odoo).toEqual({ modules: ["crm"], lang: "fr_FR", country: "FR", demo: false });
  });
});
