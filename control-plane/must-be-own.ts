import { type DatabaseLogin, isDatabaseAway } from "./database.ts";
import { mustBeOwnKey } from "./key-check.ts";
import type { ServiceKeys } from "./keys.ts";
import type { Logger } from "./observability/log.ts";
import { mustBeOwnLogin } from "./own-login.ts";
import { type ServiceName, serviceNames } from "./service-names.ts";
import { until } from "./until.ts";

/**
 * Throws a sentence when a service has a login or keys that it must not have. While PostgreSQL is away nobody can tell: then the
 * services serve what they can, and `fall` is called as soon as it is known.
 */
export async function mustBeOwn(
  { logins, keys }: { logins: Partial<Record<ServiceName, DatabaseLogin>>; keys: Partial<ServiceKeys> },
  log: Logger,
  fall: (why: Error) => void,
  signal: AbortSignal,
): Promise<void> {
  const check = async () => {
    for (const name of serviceNames) {
      const [login, own] = [logins[name], keys[name]];
      if (login) await mustBeOwnLogin(name, login);
      if (login && own) await mustBeOwnKey(name, login, own);
    }
    return true;
  };
  await check().catch((error) => {
    if (!isDatabaseAway(error)) throw error;
    log.warn(
      { err: error },
      "PostgreSQL is away: whether the logins are the services' own is looked at later",
    );
    const later = () =>
      check().catch((why) => {
        if (!isDatabaseAway(why)) throw why;
        return false;
      });
    const wait = { what: "PostgreSQL", deadlineMs: Number.POSITIVE_INFINITY, everyMs: 1_000, signal };
    until(later, wait).catch((why) => {
      if (!signal.aborted) fall(why);
    });
  });
}
