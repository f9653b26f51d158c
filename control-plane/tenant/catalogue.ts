import { BerthError, type FieldError, isBerthError } from "../errors.ts";
import type { Catalogue, InstanceClient } from "../instance/client.ts";
import type { NewTenant } from "./tenant-input.ts";

/** Checks what a tenant asks of Odoo. Throws `validation_failed`, or `service_unavailable` when nobody can say. */
export type CheckOdoo = (odoo: NewTenant["odoo"]) => Promise<void>;

const freshMs = 10_000;

/** Checks against the instance service's catalogue, which is kept for a while, and longer while that is away. */
export function createOdooCheck(
  instance: Pick<InstanceClient, "catalogue">,
  now = () => performance.now(),
): CheckOdoo {
  let kept: { catalogue: Catalogue; until: number } | undefined;
  const current = async (): Promise<Catalogue | null> => {
    if (kept && now() < kept.until) return kept.catalogue;
    try {
      const catalogue = await instance.catalogue();
      kept = catalogue ? { catalogue, until: now() + freshMs } : undefined;
      return catalogue;
    } catch (error) {
      if (kept && isBerthError(error) && error.status === 503) return kept.catalogue;
      throw error;
    }
  };
  return async (odoo) => {
    const catalogue = await current();
    if (!catalogue) {
      throw new BerthError(
        "service_unavailable",
        "No template database is known yet, so no tenant can be created. Try again once set-up has ended.",
        { headers: { "Retry-After": "5" } },
      );
    }
    const fields = unknowns(odoo, catalogue);
    if (fields.length === 0) return;
    const list = fields.map((field) => `${field.path}: ${field.message}`).join("; ");
    throw new BerthError("validation_failed", `What does not fit: ${list}.`, { fields });
  };
}

function unknowns(odoo: NewTenant["odoo"], catalogue: Catalogue): FieldError[] {
  const where = "see GET /instance/v1/catalogue";
  const modules = new Set(catalogue.modules);
  const fields = odoo.modules.flatMap((module, i) =>
    modules.has(module)
      ? []
      : [
          {
            path: `odoo.modules.${i}`,
            message: `"${module}" is no module of Odoo ${catalogue.odooVersion}; ${where}`,
          },
        ],
  );
  if (!catalogue.languages.includes(odoo.lang)) {
    fields.push({ path: "odoo.lang", message: `"${odoo.lang}" is no language Odoo has; ${where}` });
  }
  if (odoo.country !== undefined && !catalogue.countries.includes(odoo.country)) {
    fields.push({ path: "odoo.country", message: `"${odoo.country}" is no country Odoo knows; ${where}` });
  }
  return fields;
}
