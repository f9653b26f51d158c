import { asc, gt } from "drizzle-orm";
import type { Queries } from "../database.ts";
import type { FeedEntry } from "./feed.ts";
import { feed } from "./schema.ts";

/** Entries after `after`, oldest first, as they were written: a newer version beside this one may tell more than it knows. */
export async function readFeed(db: Queries, input: { after: number; limit: number }): Promise<FeedEntry[]> {
  const rows = await db
    .select()
    .from(feed)
    .where(gt(feed.seq, input.after))
    .orderBy(asc(feed.seq))
    .limit(input.limit);
  return rows.map(
    ({ seq, at, tenantId, type, data }) =>
      ({ seq, at: at.toISOString(), tenant: tenantId, type, data }) as FeedEntry,
  );
}
