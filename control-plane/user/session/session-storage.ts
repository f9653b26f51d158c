import { getCurrentDBAdapterAsyncLocalStorage } from "@better-auth/core/context";
import type { SecondaryStorage } from "@better-auth/core/db";
import { and, eq, gt, sql } from "drizzle-orm";
import type { Queries } from "../../database.ts";
import { afterCommit, isInTransaction } from "../in-transaction.ts";
import { sessions, users } from "../schema.ts";
import type { SessionCopies, SessionRecord } from "./session-copies.ts";

// better-auth's keys: of the list of a user's sessions, and of a code; a session's is its token.
const listPrefix = "active-sessions-";
const codePrefix = "verification:";

/**
 * What better-auth takes for a second place of sessions, and sees PostgreSQL through: a session that has no copy in Redis is
 * read and copied, a list is always read, and a write only makes copies be forgotten. So better-auth needs no case for a
 * Redis that lost something. Codes are in PostgreSQL alone.
 */
export function sessionStorage({ db, copies }: { db: Queries; copies: SessionCopies }): SecondaryStorage {
  const forget = async (key: string) => {
    if (key.startsWith(codePrefix)) return null;
    const act = () =>
      key.startsWith(listPrefix) ? copies.forgetUser(key.slice(listPrefix.length)) : copies.forget(key);
    await act();
    // Others may have copied once more what was to be forgotten, as long as they could read it.
    if (isInTransaction()) await afterCommit(act);
    return null;
  };
  return {
    async get(key) {
      if (key.startsWith(codePrefix)) return null;
      if (key.startsWith(listPrefix)) return list(db, key.slice(listPrefix.length));
      // What is not committed yet is no one else's.
      const text = isInTransaction()
        ? (await load(db, key))?.text
        : await copies.through(key, () => load(db, key));
      if (!text) return null;
      const { session, user } = JSON.parse(text);
      return JSON.stringify({ session: { ...session, token: key }, user });
    },
    set: forget,
    delete: forget,
    getAndDelete: () => refuse(),
    increment: () => refuse(),
  };
}

/** Every column, as better-auth's models may have grown; but for the token, so that Redis hands out no session. */
async function load(db: Queries, token: string): Promise<SessionRecord | undefined> {
  const [row] = await db
    .select({ session: sessions, user: users })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(eq(sessions.token, token));
  if (!row) return undefined;
  const { token: _, ...session } = row.session;
  return {
    userId: row.user.id,
    expiresAt: session.expiresAt,
    text: JSON.stringify({ session, user: row.user }),
  };
}

async function list(db: Queries, userId: string): Promise<string | null> {
  // There it is only asked for to forget copies, which goes by the user; a second connection might be waited for for ever.
  if ((await getCurrentDBAdapterAsyncLocalStorage()).getStore()?.isTransactionActive) return null;
  const rows = await db
    .select({ token: sessions.token, expiresAt: sessions.expiresAt })
    .from(sessions)
    .where(and(eq(sessions.userId, userId), gt(sessions.expiresAt, sql`now()`)));
  return JSON.stringify(rows.map(({ token, expiresAt }) => ({ token, expiresAt: expiresAt.getTime() })));
}

function refuse(): never {
  throw new Error("Only sessions are kept in Redis: give what asks for this the database.");
}
