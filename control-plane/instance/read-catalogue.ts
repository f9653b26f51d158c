import { eq } from "drizzle-orm";
import type { Queries } from "../database.ts";
import { templates } from "./schema.ts";

export interface Catalogue {
  template: string;
  odooVersion: string;
  modules: string[];
  languages: string[];
  countries: string[];
}

/** What the current template knows, or `null` when none was built yet. */
export async function readCatalogue(db: Queries): Promise<Catalogue | null> {
  const [row] = await db.select().from(templates).where(eq(templates.current, true));
  if (!row) return null;
  const { name, odooVersion, modules, languages, countries } = row;
  return { template: name, odooVersion, modules, languages, countries };
}
