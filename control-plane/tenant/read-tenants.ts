import { and, desc, eq, lt, ne } from "drizzle-orm";
import { unionAll } from "drizzle-orm/pg-core";
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

/**
 * Tenants, newest first; only those older than position `before`.
 * @param input.organizations theirs only; each is read by its own index, so that a page costs the same however many
 *   tenants others have
 */
export async function listTenants(
  db: Queries,
  input: { limit: number; before?: number; organizations?: string[] },
): Promise<TenantRow[]> {
  const { limit, before, organizations } = input;
  const wanted = and(
    ne(tenants.status, "deleted"),
    before === undefined ? undefined : lt(tenants.seq, before),
  );
  if (!organizations) return db.select().from(tenants).where(wanted).orderBy(desc(tenants.seq)).limit(limit);
  const [first, second, ...others] = organizations.map((id) =>
    db
      .select()
      .from(tenants)
      .where(and(eq(tenants.organizationId, id), wanted))
      .orderBy(desc(tenants.seq))
      .limit(limit),
  );
  if (!first) return [];
  const rows = await (second ? unionAll(first, second, ...others) : first);
  return rows.toSorted((a, b) => b.seq - a.seq).slice(0, limit);
}

/** A tenant that is not deleted, by slug or id. */
export function named(slugOrId: string) {
  const name = isId("ten", slugOrId) ? eq(tenants.id, slugOrId) : eq(tenants.slug, slugOrId);
  return and(name, ne(tenants.status, "deleted"));
}
