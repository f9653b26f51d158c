import { createHmac } from "node:crypto";
import { and, eq, lt, sql } from "drizzle-orm";
import type { Context } from "hono";
import type { Queries } from "../database.ts";
import { BerthError, invalid } from "../errors.ts";
import type { HttpEnv } from "./context.ts";
import { idempotency } from "./idempotency-schema.ts";

export interface Reply<Body> {
  status: 200 | 201 | 202;
  headers: Record<string, string>;
  body: Body;
  /** The same body without what is shown only once; this is what is kept and repeated. */
  kept?: Partial<Body>;
}

export interface IdempotencyOptions {
  db: Queries;
  /** Key of the fingerprints. */
  secret: Buffer;
}

/** Hours an answer is kept. */
const keptHours = 24;

/**
 * Does the work of a POST once per Idempotency-Key. The answer is written in the same transaction as
 * the change, so a second request with the key, at the same time or later, gets the first one's answer.
 * A request that was refused leaves no trace: its key may be used again.
 * @param prepare what may take long and changes nothing; not run for an answer that is known
 * @param mustStillSee throws when the caller may not see what a known answer tells of: they may have been shut out since
 */
export async function once<Prepared, Body extends object>(
  c: Context<HttpEnv>,
  { db, secret }: IdempotencyOptions,
  prepare: () => Promise<Prepared>,
  work: (tx: Queries, prepared: Prepared) => Promise<Reply<Body>>,
  mustStillSee: (body: Body, db: Queries) => unknown,
): Promise<Reply<Body>> {
  const key = c.req.header("idempotency-key");
  if (key === undefined) {
    const prepared = await prepare();
    return db.transaction((tx) => work(tx, prepared));
  }
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw invalid("Idempotency-Key", "must be 1 to 255 visible ASCII characters");
  }
  const id = { actor: c.get("caller").actor, key };
  const fingerprint = createHmac("sha256", secret)
    .update(JSON.stringify([c.req.method, c.req.path, await canonicalBody(c)]))
    .digest("base64url");
  const repeat = async (queries: Queries) => {
    const known = await recall<Body>(queries, id, fingerprint);
    if (known) await mustStillSee(known.body, queries);
    return known;
  };
  const known = await repeat(db);
  if (known) return known;
  const prepared = await prepare();
  return db.transaction(async (tx) => {
    // Waits here for whoever works with the same key, and finds the row once that one has committed.
    const [mine] = await tx
      .insert(idempotency)
      .values({ ...id, fingerprint, status: 0, headers: {}, body: {} })
      .onConflictDoNothing()
      .returning({ key: idempotency.key });
    if (!mine) {
      const theirs = await repeat(tx);
      if (theirs) return theirs;
      throw new BerthError("conflict", "The answer to this Idempotency-Key has just expired; try again.");
    }
    const reply = await work(tx, prepared);
    await tx
      .update(idempotency)
      .set({ status: reply.status, headers: reply.headers, body: reply.kept ?? reply.body })
      .where(and(eq(idempotency.actor, id.actor), eq(idempotency.key, id.key)));
    return reply;
  });
}

/** Removes answers that are kept long enough. */
export async function forgetOldAnswers(db: Queries): Promise<void> {
  await db
    .delete(idempotency)
    .where(lt(idempotency.createdAt, sql`now() - ${`${keptHours} hours`}::interval`));
}

async function recall<Body>(
  db: Queries,
  id: { actor: string; key: string },
  fingerprint: string,
): Promise<Reply<Body> | undefined> {
  const [row] = await db
    .select()
    .from(idempotency)
    .where(and(eq(idempotency.actor, id.actor), eq(idempotency.key, id.key)));
  if (!row) return undefined;
  if (row.fingerprint !== fingerprint) {
    throw new BerthError(
      "idempotency_key_reused",
      "This Idempotency-Key was used for another request within the last day. Use a new key for a new request.",
    );
  }
  return {
    status: row.status as Reply<Body>["status"],
    headers: { ...row.headers, "Idempotent-Replayed": "true" },
    body: row.body as Body,
  };
}

/** The body with its keys in order: the same request may be written in more than one way. */
async function canonicalBody(c: Context<HttpEnv>): Promise<unknown> {
  const text = await c.req.text();
  if (text === "") return null;
  try {
    return sorted(JSON.parse(text));
  } catch (error) {
    // A body that nothing else looks at may be nested as deep as its size allows.
    if (error instanceof RangeError) throw invalid("body", "is nested too deeply");
    throw error;
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
