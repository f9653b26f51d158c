import { and, asc, desc, eq, gt, gte, inArray, isNotNull, like, lt, type SQL } from "drizzle-orm";
import type { Queries } from "../database.ts";
import { audit, auditHeads } from "./schema.ts";
import { type AuditSource, type EntryQuery, linesAtMost } from "./source.ts";

/** A service's own part of the audit. @param db must see all organisations */
export function ownAudit(db: Queries): AuditSource {
  return {
    async entries(query) {
      return db
        .select({ id: audit.id, line: sealed(audit.line), hash: sealed(audit.hash) })
        .from(audit)
        .where(wanted(query))
        .orderBy(desc(audit.id))
        .limit(query.limit);
    },
    async end(chain) {
      const { position, hash } = auditHeads;
      const [row] = await db.select({ position, hash }).from(auditHeads).where(eq(auditHeads.chain, chain));
      return row ?? null;
    },
    async lines(chain, after) {
      const rows = await db
        .select({ line: sealed(audit.line) })
        .from(audit)
        .where(and(eq(audit.chain, chain), gt(audit.position, after)))
        .orderBy(asc(audit.position))
        .limit(linesAtMost);
      return rows.map(({ line }) => line);
    },
  };
}

/** A column that only an entry of an open transaction lacks, which nobody else sees. */
function sealed(column: typeof audit.line | typeof audit.hash): SQL<string> {
  return column.getSQL() as SQL<string>;
}

function wanted({ chain, tenants, before, action, since, until, ...named }: EntryQuery): SQL | undefined {
  return and(
    isNotNull(audit.hash),
    chain === undefined ? undefined : eq(audit.chain, chain),
    tenants === undefined ? undefined : inArray(audit.tenantId, tenants),
    before === undefined ? undefined : lt(audit.id, before),
    action === undefined ? undefined : ofAction(action),
    since === undefined ? undefined : gte(audit.at, new Date(since)),
    until === undefined ? undefined : lt(audit.at, new Date(until)),
    named.actor === undefined ? undefined : eq(audit.actor, named.actor),
    named.target === undefined ? undefined : eq(audit.target, named.target),
    named.requestId === undefined ? undefined : eq(audit.requestId, named.requestId),
  );
}

function ofAction(action: string): SQL {
  if (!action.endsWith("*")) return eq(audit.action, action);
  return like(audit.action, `${action.slice(0, -1).replace(/[\\%_]/g, "\\$&")}%`);
}
