import type { Client } from "pg";
import { z } from "zod";

/** What can be asked of the Odoo in a template. It travels with the template, as its comment. */
export const catalogue = z.object({
  /** `19.0`, or with a date: `19.0-20260901`. */
  odooVersion: z.string(),
  /** Technical names of all modules that can be installed. */
  modules: z.array(z.string()).min(1),
  /** Codes of all languages that can be loaded: `fr_FR`. */
  languages: z.array(z.string()).min(1),
  /** ISO 3166 alpha-2 codes. */
  countries: z.array(z.string()).min(1),
});
export type Catalogue = z.infer<typeof catalogue>;

/** Reads the catalogue of a finished template; undefined when there is no template of that name. */
export async function readCatalogue(client: Client, template: string): Promise<Catalogue | undefined> {
  const { rows } = await client.query<{ comment: string | null }>(
    `select shobj_description(oid, 'pg_database') as comment from pg_database
     where datname = $1 and datistemplate and not datallowconn`,
    [template],
  );
  const comment = rows[0]?.comment;
  return comment ? catalogue.parse(JSON.parse(comment)) : undefined;
}

/** Whether a finished template of that name is there. */
export async function isWhole(client: Client, template: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from pg_database where datname = $1 and datistemplate and not datallowconn
       and shobj_description(oid, 'pg_database') is not null`,
    [template],
  );
  return rowCount === 1;
}
