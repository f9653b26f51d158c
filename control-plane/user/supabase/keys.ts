import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from "jose";
import type { Logger } from "../../observability/log.ts";

/** Milliseconds. */
const times = {
  /** A key that the project has revoked is refused after this. */
  fresh: 10 * 60_000,
  /** What was fetched is used this long while nothing newer can be had. */
  usable: 60 * 60_000,
  /** Between two fetches: a token that nobody signed may name any key it likes. */
  afterSuccess: 30_000,
  afterFailure: 5_000,
  timeout: 3_000,
};

/** The key of a token may be there, and cannot be fetched. */
export class KeysAway extends Error {
  override name = "KeysAway";
}

/**
 * A project's public keys, fetched when they are needed and kept. jose's own set fetches for every token while the
 * project does not answer, and forgets what it has; so when to fetch is decided here.
 * What it gives throws {@link KeysAway}, or jose's error when no key fits.
 */
export function createKeys(url: URL, log: Logger): JWTVerifyGetKey {
  const remote = createRemoteJWKSet(url, {
    cacheMaxAge: Number.POSITIVE_INFINITY,
    cooldownDuration: Number.POSITIVE_INFINITY,
    timeoutDuration: times.timeout,
  });
  let gotAt = Number.NEGATIVE_INFINITY;
  let failure: { at: number; cause: unknown } | undefined;
  let pending: Promise<void> | undefined;

  const age = () => Date.now() - gotAt;
  const mayFetch = () =>
    failure ? Date.now() - failure.at >= times.afterFailure : age() >= times.afterSuccess;
  /** Fetches, unless that was done a moment ago. Those who come while it lasts wait for the same answer. */
  const refresh = async () => {
    if (!pending && mayFetch()) pending = fetchOnce().finally(() => (pending = undefined));
    await pending;
  };
  async function fetchOnce(): Promise<void> {
    try {
      await remote.reload();
      gotAt = Date.now();
      failure = undefined;
    } catch (cause) {
      failure = { at: Date.now(), cause };
      log.warn({ err: cause, url: url.href }, "Supabase's keys could not be fetched");
    }
  }

  return async (header, token) => {
    if (age() >= times.fresh) await refresh();
    if (age() >= times.usable)
      throw new KeysAway("Supabase's keys cannot be fetched.", { cause: failure?.cause });
    try {
      return await remote(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await refresh();
      if (failure) throw new KeysAway("This key cannot be looked for.", { cause: failure.cause });
      return remote(header, token);
    }
  };
}
