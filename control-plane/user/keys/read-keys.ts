import { and, asc, eq, gt, isNull, or, sql } from "drizzle-orm";
import type { Queries } from "../../database.ts";
import { apiKeys, users } from "../schema.ts";

/** A key as people see it: never the key itself. */
export interface KeyView {
  id: string;
  name: string;
  /** Its first characters. */
  start: string;
  scope: "read" | "write";
  tenant: string | null;
  createdBy: { id: string; name: string };
  createdAt: string;
  expiresAt: string | null;
  /** To a minute. */
  lastUsedAt: string | null;
}

/** Keys of an organisation, or those of the staff (null); better-auth removes what has expired when another is made. */
export async function listKeys(
  db: Queries,
  input: { organization: string | null; limit: number; after?: string },
): Promise<KeyView[]> {
  const { organization, limit, after } = input;
  const rows = await selectKeys(db)
    .where(
      and(
        ofOwner(organization),
        or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, sql`now()`)),
        after === undefined ? undefined : gt(apiKeys.id, after),
      ),
    )
    .orderBy(asc(apiKeys.id))
    .limit(limit);
  return rows.map(toView);
}

/** One key; `undefined` when there is none. */
export async function readKey(db: Queries, id: string): Promise<KeyView | undefined> {
  const [row] = await selectKeys(db).where(eq(apiKeys.id, id));
  return row && toView(row);
}

/** Keys of an organisation, or of the staff. */
export function ofOwner(organization: string | null) {
  return organization === null ? isNull(apiKeys.organizationId) : eq(apiKeys.organizationId, organization);
}

function selectKeys(db: Queries) {
  return db
    .select({
      id: apiKeys.id,
      name: apiKeys.name,
      start: apiKeys.start,
      scope: apiKeys.scope,
      tenant: apiKeys.tenantId,
      createdBy: { id: users.id, name: users.name },
      createdAt: apiKeys.createdAt,
      expiresAt: apiKeys.expiresAt,
      lastUsedAt: apiKeys.lastRequest,
    })
    .from(apiKeys)
    .innerJoin(users, eq(users.id, apiKeys.referenceId));
}

function toView(row: Awaited<ReturnType<typeof selectKeys>>[number]): KeyView {
  return {
    ...row,
    name: row.name ?? "",
    start: row.start ?? "",
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt?.toISOString() ?? null,
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
  };
}
