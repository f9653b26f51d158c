import { setTimeout as delay } from "node:timers/promises";
import { isDatabaseAway, isDatabaseFull } from "../database.ts";
import { isBerthError } from "../errors.ts";
import type { InstanceContext } from "../instance/context.ts";
import type { Fence } from "../instance/lease.ts";
import { recordEvent } from "../instance/record-event.ts";
import { endStep, startStep } from "../instance/record-step.ts";
import type { Logger } from "../observability/log.ts";

const pauseMs = 250;

/** Runs a write of the record, again and again while PostgreSQL is away or full: what was done must not be forgotten. */
export async function persist<T>(write: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await write();
    } catch (error) {
      const passes =
        isDatabaseAway(error) || isDatabaseFull(error) || isBerthError(error, "database_unavailable");
      if (!passes) throw error;
      signal.throwIfAborted();
      await delay(pauseMs, undefined, { signal });
    }
  }
}

/**
 * Steps and events of one operation, written in order and beside the work: a step never waits for the
 * one before to be stored. `flush` tells whether all were.
 */
export class Journal {
  readonly #ctx: InstanceContext;
  readonly #fence: Fence;
  readonly #log: Logger;
  readonly #lost: AbortController;
  readonly #took: (step: string, seconds: number) => void;
  #tail: Promise<void> = Promise.resolve();
  /** When each step that is open was begun, by `performance.now()`. */
  readonly #open = new Map<string, number>();

  /**
   * @param lost aborted when the lease turns out to be another's
   * @param took told of each step that has ended
   */
  constructor(
    ctx: InstanceContext,
    fence: Fence,
    lost: AbortController,
    took: (step: string, seconds: number) => void,
    log: Logger,
  ) {
    this.#ctx = ctx;
    this.#fence = fence;
    this.#lost = lost;
    this.#took = took;
    this.#log = log;
  }

  begin(name: string, detail?: string): void {
    this.#open.set(name, performance.now());
    this.#write(() => startStep(this.#ctx, { fence: this.#fence, name, detail }));
  }

  /** Ends a step; one that was never begun, or has ended, is left alone. */
  end(name: string, status: "succeeded" | "failed" = "succeeded", detail?: string): void {
    const from = this.#open.get(name);
    if (from === undefined) return;
    this.#open.delete(name);
    this.#took(name, (performance.now() - from) / 1_000);
    this.#write(() => endStep(this.#ctx, { fence: this.#fence, name, status, detail }));
  }

  event(data: Record<string, unknown>): void {
    this.#write(async () => void (await recordEvent(this.#ctx, { fence: this.#fence, data })));
  }

  /** Runs `work` as a step. */
  async step<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.begin(name);
    try {
      const value = await work();
      this.end(name);
      return value;
    } catch (error) {
      this.end(name, "failed");
      throw error;
    }
  }

  /** Ends all open steps as failed: what they were doing was cut off. */
  abandon(): void {
    for (const name of [...this.#open.keys()]) this.end(name, "failed");
  }

  flush(): Promise<void> {
    return this.#tail;
  }

  #write(write: () => Promise<void>): void {
    this.#tail = this.#tail.then(async () => {
      if (this.#lost.signal.aborted) return;
      await persist(write, this.#lost.signal).catch((error) => {
        if (isBerthError(error, "lease_lost")) this.#lost.abort(error);
        else if (!this.#lost.signal.aborted) this.#log.error({ err: error }, "a step could not be stored");
      });
    });
  }
}
