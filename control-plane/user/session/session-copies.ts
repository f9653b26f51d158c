import { createHash, randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { Logger } from "../../observability/log.ts";
import { fill, forgetAll, forgetMany, forgetOne, read } from "./session-scripts.ts";

/** What a session's token leads to; the token itself is not kept. */
export interface SessionRecord {
  userId: string;
  expiresAt: Date;
  /** JSON. */
  text: string;
}

/**
 * Copies of sessions in Redis, for a minute each. Only what PostgreSQL held is ever copied, and nothing here throws when
 * Redis is away: then PostgreSQL is read.
 */
export interface SessionCopies {
  /** The record's text: the copy, or else what `load` gives, which is copied. */
  through(token: string, load: () => Promise<SessionRecord | undefined>): Promise<string | undefined>;
  /** Call it after the session was changed or ended in PostgreSQL. */
  forget(token: string): Promise<void>;
  /** The same for all sessions of a user. */
  forgetUser(userId: string): Promise<void>;
  close(): void;
}

export interface SessionCopiesOptions {
  redis: Redis;
  /** Begins every key: `berth:identity`. */
  prefix: string;
  log: Logger;
}

/** Seconds that a copy is used: whatever else goes wrong, nothing older is told. */
const copySeconds = 60;

export function openSessionCopies({ redis, prefix, log }: SessionCopiesOptions): SessionCopies {
  const epoch = `${prefix}:epoch`;
  const changes = `${prefix}:changes`;
  const versions = `${prefix}:version:`;
  const copyKey = (token: string) => `${prefix}:session:${hash(token)}`;
  const keys = (token: string) => [copyKey(token), epoch, changes] as const;
  const closed = new AbortController();
  // What Redis was not told leaves copies behind that must not be read. So after a failure, and after every time that it was
  // away, nothing is read until all copies were made void.
  let trusted = false;
  let failures = 0;
  let isVoiding = false;

  const distrust = () => {
    trusted = false;
    failures += 1;
  };
  const attempt = async <T>(command: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await command();
    } catch (error) {
      if (trusted) log.warn({ err: error }, "Redis fails: sessions are read from PostgreSQL");
      distrust();
      void voidAll();
      return undefined;
    }
  };
  const voidAll = async () => {
    if (isVoiding) return;
    isVoiding = true;
    for (let pauseMs = 50; redis.status === "ready" && !trusted && !closed.signal.aborted; ) {
      const before = failures;
      try {
        await redis.eval(forgetAll, 2, epoch, changes, randomUUID());
        trusted = failures === before;
      } catch (error) {
        log.debug({ err: error }, "copies of sessions could not be made void yet");
        await delay(pauseMs, undefined, { signal: closed.signal, ref: false }).catch(() => undefined);
        pauseMs = Math.min(pauseMs * 2, 2_000);
      }
    }
    isVoiding = false;
  };
  /** What is not told now, because all is made void soon, is covered by that: it begins after this. */
  const tell = async (command: () => Promise<unknown>) => {
    if (trusted) return attempt(command);
    distrust();
    void voidAll();
  };
  redis.on("ready", voidAll);
  redis.on("close", distrust);
  void voidAll();

  return {
    async through(token, load) {
      const before = failures;
      const isSure = () => trusted && failures === before;
      const seen = isSure()
        ? await attempt(
            () =>
              redis.eval(read, 3, ...keys(token), versions, randomUUID()) as Promise<
                [string | null, string?]
              >,
          )
        : undefined;
      if (seen?.[0] && isSure()) return seen[0];
      const record = await load();
      const [, since] = seen ?? [];
      const seconds = Math.min(
        copySeconds,
        record ? Math.floor((record.expiresAt.getTime() - Date.now()) / 1_000) : 0,
      );
      if (record && since && seconds > 0 && isSure()) {
        const { userId, text } = record;
        await attempt(() => redis.eval(fill, 3, ...keys(token), versions, userId, since, text, seconds));
      }
      return record?.text;
    },
    async forget(token) {
      await tell(() => redis.eval(forgetOne, 2, copyKey(token), changes, randomUUID()));
    },
    async forgetUser(userId) {
      await tell(() =>
        // Kept for longer than any copy that it makes void.
        redis.eval(forgetMany, 2, versions + userId, changes, randomUUID(), 2 * copySeconds),
      );
    },
    close() {
      closed.abort();
      redis.off("ready", voidAll);
      redis.off("close", distrust);
    },
  };
}

function hash(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
