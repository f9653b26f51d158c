import { and, desc, eq, lt, ne } from "drizzle-orm";
import type { Queries } from "../database.ts";
import { notFound } from "../errors.ts";
import { isId } from "../ids.ts";
import { tenants } from "./schema.ts";
import type { TenantRow } from "./tenant-view.ts";

/** A tenant by its slug or id; one that is deleted is not there. Throws `not_found`. */
export async function readTenant(db: Queries, slugOrId: string): Promise<TenantRow> {
  const [row] = await db.select().from(tenants).where(named(slugOrId));
  if (!row) throw notFound(`tenant "${slugOrId}"`);
  return row;
}

/** The same row, locked until the transaction ends. */
export async function lockTenant(tx: Queries, slugOrId: string): Promise<TenantRow> {
  const [row] = await tx.select().from(tenants).where(named(slugOrId)).for("no key update");
  if (!row) throw notFound(`tenant "${slugOrId}"`);
  return row;
}

/** Tenants, newest first; only those older than position `before`. */
export async function listTenants(
  db: Queries,
  input: { limit: number; before?: number },
): Promise<TenantRow[]> {
  return db
    .select()
    .from(tenants)
    .where(
      and(
        ne(tenants.status, "deleted"),
        input.before === undefined ? undefined : lt(tenants.seq, input.before),
      ),
    )
    .orderBy(desc(tenants.seq))
    .limit(input.limit);
}

/** A tenant that is not deleted, by slug or id. */
export function named(slugOrId: string) {
  const name = isId("ten", slugOrId) ? eq(tenants.id, slugOrId) : eq(tenants.slug, slugOrId);
  return and(name, ne(tenants.status, "deleted"));
}
