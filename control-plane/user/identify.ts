import { createHash } from "node:crypto";
import { and, eq, gt, isNull, lt, or, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import { noRights, type Principal } from "../access/principal.ts";
import { lesser, type Role } from "../access/roles.ts";
import type { Queries } from "../database.ts";
import type { Logger } from "../observability/log.ts";
import { apiKeyPrefix, sessionSeconds } from "./identity.ts";
import { rolesOf } from "./roles-of.ts";
import { apiKeys, members, sessions, users } from "./schema.ts";

/** Whose a token is, as the record says at this moment; `undefined` when it is nobody's. */
export type Identify = (token: string) => Promise<Principal | undefined>;

/** What a key of each scope can do at most, where its maker can do more. */
const most: Record<"read" | "write", Role> = { read: "viewer", write: "admin" };
/** Minutes between two notes of a key's use. */
const notedMinutes = 1;

const impersonators = alias(users, "impersonators");

/** What the maker of a key is in its organisation; null for nothing, and for a key of all organisations. */
const memberRole = sql<Role | null>`(
  select m.role from ${members} m
  where m.user_id = ${apiKeys}.reference_id and m.organization_id = ${apiKeys}.organization_id)`;

/**
 * One statement for each token, prepared once: it is asked for every request, and so knows at once of a key that was
 * revoked, a member who was removed and a session that was ended.
 */
export function createIdentify({ db, log }: { db: Queries; log: Logger }): Identify {
  /** What is only noted keeps nobody out: a full disk takes no notes, and can be read. */
  const noted = (note: Promise<void>) =>
    note.catch((error) => log.warn({ err: error }, "the use of a key or session could not be noted"));
  const session = db
    .select({
      token: sessions.token,
      user: users.id,
      staff: users.staff,
      impersonator: sessions.impersonatedBy,
      isAllowed: impersonators.staff,
      roles: rolesOf(users.id),
      isToBeMoved: sql<boolean>`${sessions.expiresAt} < now() + ${sql.raw(movedBefore())} and ${sessions.impersonatedBy} is null`,
    })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .leftJoin(impersonators, eq(impersonators.id, sessions.impersonatedBy))
    .where(and(eq(sessions.token, sql.placeholder("token")), gt(sessions.expiresAt, sql`now()`)))
    .prepare("identify_session");
  const key = db
    .select({
      id: apiKeys.id,
      user: users.id,
      staff: users.staff,
      organization: apiKeys.organizationId,
      tenant: apiKeys.tenantId,
      scope: apiKeys.scope,
      role: memberRole,
      staffRoles: sql<Record<
        string,
        Role
      > | null>`case when ${apiKeys.organizationId} is null then ${rolesOf(apiKeys.referenceId)} end`,
      isToBeNoted: sql<boolean>`${apiKeys.lastRequest} is null or ${apiKeys.lastRequest} < now() - ${sql.raw(`interval '${notedMinutes} minutes'`)}`,
    })
    .from(apiKeys)
    .innerJoin(users, eq(users.id, apiKeys.referenceId))
    .where(
      and(
        eq(apiKeys.key, sql.placeholder("key")),
        eq(apiKeys.enabled, true),
        or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, sql`now()`)),
      ),
    )
    .prepare("identify_key");

  const byKey: Identify = async (token) => {
    const [row] = await key.execute({ key: hashOf(token) });
    if (!row) return undefined;
    const { id, user, staff, organization, tenant, scope, role, staffRoles } = row;
    // A key ends with what its maker was when they made it.
    if (organization === null ? !staff : role === null) return undefined;
    if (row.isToBeNoted) await noted(noteUse(db, id));
    const everywhere = organization === null ? most[scope] : null;
    const mine = organization !== null && role !== null ? { [organization]: role } : (staffRoles ?? {});
    const roles = Object.fromEntries(
      Object.entries(mine).map(([org, its]) => [org, lesser(its, most[scope])] as const),
    );
    return {
      kind: "key",
      key: id,
      user,
      staff,
      rights: { roles, everywhere, tenant },
    };
  };

  const bySession: Identify = async (token) => {
    const [row] = await session.execute({ token });
    if (!row || (row.impersonator !== null && !row.isAllowed)) return undefined;
    if (row.isToBeMoved) await noted(moveEnd(db, token));
    const { user, impersonator, roles } = row;
    const staff = row.staff && impersonator === null;
    return {
      kind: "session",
      user,
      impersonator,
      staff,
      rights: { ...noRights, roles, everywhere: staff ? "owner" : null },
    };
  };

  return (token) => (token.startsWith(apiKeyPrefix) ? byKey(token) : bySession(token));
}

/** As better-auth hashes keys, without a turn of the thread pool. */
function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("base64url");
}

async function noteUse(db: Queries, id: string): Promise<void> {
  await db.update(apiKeys).set({ lastRequest: sql`now()` }).where(eq(apiKeys.id, id));
}

/** A session that is used lasts; its end is moved on once a day. */
async function moveEnd(db: Queries, token: string): Promise<void> {
  await db
    .update(sessions)
    .set({
      expiresAt: sql`now() + ${sql.raw(`interval '${sessionSeconds.lasts} seconds'`)}`,
      updatedAt: sql`now()`,
    })
    .where(and(eq(sessions.token, token), lt(sessions.expiresAt, sql`now() + ${sql.raw(movedBefore())}`)));
}

function movedBefore(): string {
  return `interval '${sessionSeconds.lasts - sessionSeconds.movedAfter} seconds'`;
}
