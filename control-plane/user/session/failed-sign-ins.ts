import type { Counters } from "../../counters.ts";
import { BerthError } from "../../errors.ts";
import { addressKey } from "../../http/address-key.ts";
import type { KnownAddresses } from "./known-addresses.ts";

/** One try to prove who one is. */
export interface Attempt {
  kind: "password" | "second-factor";
  /** E-mail address or id of the account, which need not exist: whoever it is for is counted the same way. */
  account: string;
  /** Address the try came from. */
  origin: string | null;
}

export interface FailedSignIns {
  /**
   * Does one try, unless there were too many: then it throws `too_many_requests`, the right secret included.
   * @param isFailure whether an error says that the secret was wrong; any other one is not counted
   */
  guard<T>(attempt: Attempt, work: () => Promise<T>, isFailure?: (error: unknown) => boolean): Promise<T>;
  /** After something better than the secret was shown, as a mailed code: what was counted is forgotten. */
  forgive(attempt: Attempt): Promise<void>;
}

/** Failures of one account from one address, and of one account from wherever it has not signed in lately. */
const rules = {
  pair: { points: 10, seconds: 15 * 60, whenRedisIsAway: "count here" },
  account: { points: 100, seconds: 3_600, whenRedisIsAway: "count here" },
} as const;

/**
 * Counts failed tries. Each is counted before it is made and given back if it did not fail, so that many at once are no way
 * around. Addresses that an account is used from are never locked by what others do.
 */
export function createFailedSignIns(counters: Counters, known: KnownAddresses): FailedSignIns {
  const kinds = {
    password: { pair: counters("password-pair", rules.pair), all: counters("password", rules.account) },
    "second-factor": {
      pair: counters("second-factor-pair", rules.pair),
      all: counters("second-factor", rules.account),
    },
  };
  const keysOf = ({ kind, account, origin }: Attempt) => {
    const address = addressKey(origin);
    // An address is known for each kind apart: who has the password only must not be let off at the second factor.
    return { address, pair: `${account} ${address}`, known: `${kind} ${account}` };
  };
  return {
    async guard(attempt, work, isFailure = isRefusal) {
      const { pair, all } = kinds[attempt.kind];
      const { account } = attempt;
      const keys = keysOf(attempt);
      const ofPair = await pair.take(keys.pair);
      // What is refused here does not count for the account, or one address could use up what all have.
      if (ofPair.isOver) throw locked(ofPair.seconds);
      const [isKnown, ofAll] = await Promise.all([known.has(keys.known, keys.address), all.take(account)]);
      const giveBack = () => Promise.all([pair.giveBack(keys.pair), all.giveBack(account)]);
      if (ofAll.isOver && !isKnown) {
        await giveBack();
        throw locked(ofAll.seconds);
      }
      try {
        const result = await work();
        await Promise.all([
          pair.forget(keys.pair),
          all.giveBack(account),
          known.add(keys.known, keys.address),
        ]);
        return result;
      } catch (error) {
        if (!isFailure(error)) await giveBack();
        throw error;
      }
    },
    async forgive(attempt) {
      const { pair, all } = kinds[attempt.kind];
      const keys = keysOf(attempt);
      await Promise.all([
        pair.forget(keys.pair),
        all.forget(attempt.account),
        known.add(keys.known, keys.address),
      ]);
    },
  };
}

function isRefusal(error: unknown): boolean {
  return error instanceof BerthError && error.code === "sign_in_refused";
}

function locked(seconds: number): BerthError {
  const minutes = Math.ceil(seconds / 60);
  return new BerthError(
    "too_many_requests",
    `There were too many failed tries for this account. Try again in ${minutes} ${minutes === 1 ? "minute" : "minutes"}, or set a new password: POST /user/v1/password-resets`,
    { headers: { "Retry-After": `${seconds}` } },
  );
}
