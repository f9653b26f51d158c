import { and, inArray } from "drizzle-orm";
import { scopeOf } from "../access/scope.ts";
import type { Queries } from "../database.ts";
import type { InstanceClient } from "../instance/client.ts";
import type { Logger } from "../observability/log.ts";
import { applyFeed, readFeedPosition } from "./apply-feed.ts";
import type { TenantContext } from "./context.ts";
import { named, readTenant } from "./read-tenants.ts";
import { tenants } from "./schema.ts";
import { isUnderWay, underWay } from "./tenant-status.ts";
import type { TenantRow } from "./tenant-view.ts";

/** Takes what the feed already tells about a tenant, if its record says that something is under way. */
export type CatchUp = (slugOrId: string) => Promise<void>;

const timeoutMs = 2_000;

/**
 * The feed is followed in the background, a moment behind. Who has just seen an operation end shall see its
 * tenant accordingly. While the instance service is away the record is shown as it is.
 */
export function createCatchUp(deps: {
  db: Queries;
  instance: Pick<InstanceClient, "feed">;
  log: Logger;
}): CatchUp {
  return async (slugOrId) => {
    const open = await deps.db
      .select({ id: tenants.id })
      .from(tenants)
      .where(and(named(slugOrId), inArray(tenants.status, underWay)));
    if (open.length === 0) return;
    const after = await readFeedPosition(deps.db);
    const entries = await deps.instance
      .feed({ after, waitSeconds: 0, signal: AbortSignal.timeout(timeoutMs) })
      .catch((error) => {
        deps.log.warn({ err: error }, "the feed could not be looked at for a request");
        return [];
      });
    if (entries.length > 0) await applyFeed(deps.db, entries, deps.log);
  };
}

/** A tenant, and for one that is under way what the feed tells of it is looked at first. Throws `not_found`. */
export async function readCurrentTenant(
  { db, caller }: Pick<TenantContext, "db" | "caller">,
  catchUp: CatchUp,
  slugOrId: string,
): Promise<TenantRow> {
  const scope = scopeOf(caller.rights);
  const tenant = await readTenant(db, scope, slugOrId);
  if (!isUnderWay(tenant.status)) return tenant;
  await catchUp(slugOrId);
  return readTenant(db, scope, slugOrId);
}
