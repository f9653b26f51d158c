import { eq } from "drizzle-orm";
import { type AuditEntry, auditEntry } from "../../audit/entry.ts";
import type { AuditSources, EntryQuery } from "../../audit/source.ts";
import type { Queries } from "../../database.ts";
import { isId } from "../../ids.ts";
import type { ServiceName } from "../../service-names.ts";
import { tenants } from "../schema.ts";

/** Entries of one moment are shown in this order. */
const parts: readonly ServiceName[] = ["user", "tenant", "instance"];

/** How far each part was read: the number of the last entry that was given; null before the first. */
export type Place = Record<ServiceName, number | null>;

interface GatheredEntry extends AuditEntry {
  hash: string;
}

interface Gathered {
  items: GatheredEntry[];
  /** Where the next page begins; null on the last. */
  next: Place | null;
}

/**
 * A page of all services' entries, newest first. Each service has its own order, and they are merged by time.
 * Throws `service_unavailable` when one is away: a page with a part missing would be taken for the whole.
 */
export async function gatherEntries(
  sources: AuditSources,
  query: Omit<EntryQuery, "before"> & { service?: ServiceName | undefined; place?: Place | undefined },
): Promise<Gathered> {
  const { service, place, ...wanted } = query;
  if (wanted.tenants?.length === 0) return { items: [], next: null };
  const found = await Promise.all(
    parts.map(async (part) => {
      if (service !== undefined && service !== part) return [];
      const before = place?.[part] ?? undefined;
      const kept = await sources[part].entries({ ...wanted, before, limit: query.limit + 1 });
      return kept.map(({ id, line, hash }) => ({ part, id, ...auditEntry.parse(JSON.parse(line)), hash }));
    }),
  );
  const next: Place = { user: null, tenant: null, instance: null, ...place };
  const items: GatheredEntry[] = [];
  const waiting = found.map((entries) => [...entries]);
  while (items.length < query.limit) {
    const newest = waiting
      .filter((entries) => entries[0] !== undefined)
      .toSorted((a, b) => (b[0]?.at ?? "").localeCompare(a[0]?.at ?? ""))[0]
      ?.shift();
    if (!newest) return { items, next: null };
    const { part, id, ...entry } = newest;
    next[part] = id;
    items.push(entry);
  }
  return { items, next: waiting.some((entries) => entries.length > 0) ? next : null };
}

/** Ids of all tenants that a reference stands for: a slug may have been several tenants', one after the other. */
export async function tenantsNamed(db: Queries, slugOrId: string): Promise<string[]> {
  if (isId("ten", slugOrId)) return [slugOrId];
  const rows = await db.select({ id: tenants.id }).from(tenants).where(eq(tenants.slug, slugOrId)).limit(100);
  return rows.map(({ id }) => id);
}
