import type { Outcome } from "./deps.ts";

interface Waiter {
  giveUp: AbortController;
  outcome: Promise<Outcome>;
}

/** Waits for instances beside other work; never twice for the same one. */
export class Waiters {
  readonly #wait: (instance: string, giveUp: AbortSignal) => Promise<Outcome>;
  readonly #waiters = new Map<string, Waiter>();

  constructor(wait: (instance: string, giveUp: AbortSignal) => Promise<Outcome>) {
    this.#wait = wait;
  }

  /** Begins to wait for an instance that has just been started. An earlier wait for it is over first. */
  begin(instance: string): Promise<Outcome> {
    const before = this.#waiters.get(instance);
    before?.giveUp.abort();
    const giveUp = new AbortController();
    const outcome = Promise.allSettled([before?.outcome]).then(() => this.#wait(instance, giveUp.signal));
    // Whoever asks for it hears of its failure.
    outcome.catch(() => undefined);
    this.#waiters.set(instance, { giveUp, outcome });
    return outcome;
  }

  /** How the wait for an instance ended; begins it when nobody did. */
  outcome(instance: string): Promise<Outcome> {
    return this.#waiters.get(instance)?.outcome ?? this.begin(instance);
  }

  /** Gives up all that still wait, and forgets how others ended. */
  async end(): Promise<void> {
    const all = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const { giveUp } of all) giveUp.abort();
    await Promise.allSettled(all.map(({ outcome }) => outcome));
  }
}
