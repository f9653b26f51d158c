import { and, desc, eq, gt, sql } from "drizzle-orm";
import { decodeTextCursor, toPage } from "../http/cursor.ts";
import type { UserContext } from "./context.ts";
import type { Session } from "./read-session.ts";
import { sessions } from "./schema.ts";

/** The caller's open sessions, the newest first. */
export async function listSessions(
  { db }: Pick<UserContext, "db">,
  { account, token }: Session,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
) {
  const [, time, id] = decodeTextCursor(cursor, /^(\d{1,13}) (ses_[a-z0-9]{16})$/) ?? [];
  const rows = await db
    .select()
    .from(sessions)
    .where(
      and(
        eq(sessions.userId, account.id),
        gt(sessions.expiresAt, sql`now()`),
        time === undefined
          ? undefined
          : sql`(${sessions.createdAt}, ${sessions.id}) < (${new Date(Number(time)).toISOString()}::timestamptz, ${id})`,
      ),
    )
    .orderBy(desc(sessions.createdAt), desc(sessions.id))
    .limit(limit + 1);
  const { items, nextCursor } = toPage(rows, limit, ({ id, createdAt }) => `${createdAt.getTime()} ${id}`);
  return {
    items: items.map((row) => ({
      id: row.id,
      createdAt: row.createdAt.toISOString(),
      expiresAt: row.expiresAt.toISOString(),
      address: row.ipAddress,
      userAgent: row.userAgent,
      current: row.token === token,
      impersonatedBy: row.impersonatedBy,
    })),
    nextCursor,
  };
}
