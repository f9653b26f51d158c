import { and, desc, eq, lt, ne, sql } from "drizzle-orm";
import { unionAll } from "drizzle-orm/pg-core";
import type { Scope } from "../access/scope.ts";
import type { Queries } from "../database.ts";
import { notFound } from "../errors.ts";
import { isId } from "../ids.ts";
import { onceEntered, scopeFirst } from "../scoped-statement.ts";
import { tenants } from "./schema.ts";
import type { TenantRow } from "./tenant-view.ts";

/** A tenant by its slug or id, as a scope sees it; one that is deleted is not there. Throws `not_found`. */
export async function readTenant(db: Queries, scope: Scope, slugOrId: string): Promise<TenantRow> {
  const { byId, bySlug } = reads(db);
  const [row] = await (isId("ten", slugOrId) ? byId : bySlug).execute({ ...scope, name: slugOrId });
  if (!row) throw notFound(`tenant "${slugOrId}"`);
  return row.found;
}

/** Made once for each way to see the database: to make the statement costs more than to run it. */
const prepared = new WeakMap<Queries, ReturnType<typeof prepareReads>>();

function reads(db: Queries) {
  const known = prepared.get(db) ?? prepareReads(db);
  prepared.set(db, known);
  return known;
}

function prepareReads(db: Queries) {
  const by = (column: typeof tenants.id | typeof tenants.slug, name: string) => {
    const found = db
      .select()
      .from(tenants)
      .where(and(eq(column, onceEntered(sql.placeholder("name"))), ne(tenants.status, "deleted")))
      .limit(1)
      .as("found");
    return db.select().from(scopeFirst).crossJoinLateral(found).prepare(name);
  };
  return { byId: by(tenants.id, "tenant_by_id"), bySlug: by(tenants.slug, "tenant_by_slug") };
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
