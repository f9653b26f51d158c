import { and, desc, eq, gt, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import { decodeTimeCursor, toPage } from "../../http/cursor.ts";
import type { UserContext } from "../context.ts";
import { sessions, users } from "../schema.ts";
import type { Session } from "./read-session.ts";

const impersonators = alias(users, "impersonators");

/** The caller's open sessions, the newest first. */
export async function listSessions(
  { db }: Pick<UserContext, "db">,
  { account, token }: Session,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
) {
  const after = decodeTimeCursor("ses", cursor);
  const rows = await db
    .select({
      id: sessions.id,
      token: sessions.token,
      createdAt: sessions.createdAt,
      expiresAt: sessions.expiresAt,
      address: sessions.ipAddress,
      userAgent: sessions.userAgent,
      impersonatedBy: { id: impersonators.id, name: impersonators.name },
    })
    .from(sessions)
    .leftJoin(impersonators, eq(impersonators.id, sessions.impersonatedBy))
    .where(
      and(
        eq(sessions.userId, account.id),
        gt(sessions.expiresAt, sql`now()`),
        after &&
          sql`(${sessions.createdAt}, ${sessions.id}) < (${after.time.toISOString()}::timestamptz, ${after.id})`,
      ),
    )
    .orderBy(desc(sessions.createdAt), desc(sessions.id))
    .limit(limit + 1);
  const { items, nextCursor } = toPage(rows, limit, ({ id, createdAt }) => `${createdAt.getTime()}_${id}`);
  return {
    items: items.map(({ token: its, createdAt, expiresAt, ...row }) => ({
      ...row,
      createdAt: createdAt.toISOString(),
      expiresAt: expiresAt.toISOString(),
      current: its === token,
    })),
    nextCursor,
  };
}
