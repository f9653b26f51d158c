import { randomUUID } from "node:crypto";
import type pg from "pg";
import type { OwnershipInputs } from "./inputs.ts";
import { langKey, openKey, ownerKey } from "./observe.ts";

export async function setParameters(client: pg.Client, values: Record<string, string>): Promise<void> {
  await client.query(
    `INSERT INTO public.ir_config_parameter (key, value, create_uid, write_uid, create_date, write_date)
     SELECT key, value, 1, 1, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC' FROM unnest($1::text[], $2::text[]) AS p (key, value)
     ON CONFLICT (key) DO UPDATE SET value = excluded.value, write_date = excluded.write_date`,
    [Object.keys(values), Object.values(values)],
  );
}

/**
 * Gives a clone secrets and people of its own. What an earlier owner's marks say is forgotten.
 * Attachments go to files from now on: the template keeps its own in the database.
 */
export async function seed(client: pg.Client, inputs: OwnershipInputs): Promise<void> {
  await client.query("DELETE FROM public.ir_config_parameter WHERE key = ANY($1)", [
    ["ir_attachment.location", langKey, openKey],
  ]);
  await setParameters(client, {
    "database.secret": randomUUID(),
    "database.uuid": randomUUID(),
    "database.create_date": new Date().toISOString().slice(0, 19).replace("T", " "),
    [ownerKey]: inputs.role,
  });
  await seedAdmin(client, inputs.admin);
  await seedCompany(client, inputs);
}

const record = (name: string) =>
  `(SELECT res_id FROM public.ir_model_data WHERE module = 'base' AND name = '${name}')`;

// As Odoo itself does for a new database: an e-mail address as login is the address of the admin and the company.
async function seedAdmin(client: pg.Client, admin: OwnershipInputs["admin"]): Promise<void> {
  await client.query(
    `UPDATE public.res_users SET login = $1, password = $2 WHERE id = ${record("user_admin")}`,
    [admin.login, admin.passwordHash],
  );
  if (!admin.login.includes("@")) return;
  await client.query(
    `UPDATE public.res_partner SET email = $1 WHERE id IN (
       (SELECT partner_id FROM public.res_users WHERE id = ${record("user_admin")}),
       (SELECT partner_id FROM public.res_company WHERE id = ${record("main_company")}))`,
    [admin.login],
  );
  await client.query(`UPDATE public.res_company SET email = $1 WHERE id = ${record("main_company")}`, [
    admin.login,
  ]);
}

async function seedCompany(client: pg.Client, { company, country }: OwnershipInputs): Promise<void> {
  await client.query(
    `WITH own AS (UPDATE public.res_company SET name = $1 WHERE id = ${record("main_company")} RETURNING partner_id)
     UPDATE public.res_partner SET name = $1, complete_name = $1 WHERE id = (SELECT partner_id FROM own)`,
    [company],
  );
  if (country === undefined) return;
  const found = await client.query<{ id: number; currency_id: number | null }>(
    "SELECT id, currency_id FROM public.res_country WHERE code = $1",
    [country],
  );
  const row = found.rows[0];
  if (row === undefined) throw new Error(`Odoo knows no country ${country}`);
  await client.query(
    `UPDATE public.res_partner SET country_id = $1 WHERE id = (SELECT partner_id FROM public.res_company WHERE id = ${record("main_company")})`,
    [row.id],
  );
  if (row.currency_id === null) return;
  await client.query("UPDATE public.res_currency SET active = true WHERE id = $1", [row.currency_id]);
  await client.query(`UPDATE public.res_company SET currency_id = $1 WHERE id = ${record("main_company")}`, [
    row.currency_id,
  ]);
}

/**
 * Makes `lang` the only active language: a page for nobody in particular is shown in the visitor's language if
 * that is active, so an active English would win. Returns false when the language is not loaded.
 */
export async function applyLanguage(client: pg.Client, lang: string): Promise<boolean> {
  const loaded = await client.query("SELECT FROM public.res_lang WHERE code = $1 AND active", [lang]);
  if (loaded.rowCount === 0) return false;
  await client.query("UPDATE public.res_lang SET active = (code = $1)", [lang]);
  await client.query("UPDATE public.res_partner SET lang = $1", [lang]);
  await client.query(
    `UPDATE public.ir_default SET json_value = to_json($1::text)::text WHERE field_id =
       (SELECT id FROM public.ir_model_fields WHERE model = 'res.partner' AND name = 'lang')`,
    [lang],
  );
  await setParameters(client, { [langKey]: lang });
  return true;
}
