import { type WorkerOptions, WorkerProcess } from "./worker-process.ts";

export interface PoolOptions extends Omit<WorkerOptions, "onUnfit" | "onEngineLost"> {
  size: number;
  /** Runs after which a worker is replaced. */
  recycleAfter: number;
  /** Kills everything a worker started and returns once that is proved; told the worker's id. */
  bury: (worker: string) => Promise<void>;
}

export interface LostEngines {
  count: number;
  /** When the last one ended, as `performance.now()` has it. */
  at: number;
}

const keptLosses = 100;

/** A few warm workers, each lent to one operation at a time. One that is unfit comes back as a fresh one. */
export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #idle: WorkerProcess[] = [];
  readonly #waiting: Array<{ tenantId: string; give: (worker: WorkerProcess) => void }> = [];
  readonly #all = new Set<WorkerProcess>();
  readonly #burials = new Set<Promise<void>>();
  readonly #lost = new Map<string, LostEngines>();
  #stopped = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    for (let i = 0; i < options.size; i++) this.#hire();
  }

  /** Resolves when every worker is warm. */
  async warm(): Promise<void> {
    await Promise.all([...this.#all].map((worker) => worker.ready));
  }

  get workers(): readonly WorkerProcess[] {
    return [...this.#all];
  }

  /** How many wait for work. */
  get idle(): number {
    return this.#idle.length;
  }

  #hire(): void {
    if (this.#stopped) return;
    const worker = new WorkerProcess({
      ...this.#options,
      onUnfit: (spoilt) => this.#discard(spoilt),
      onEngineLost: (tenantId) => this.#noteLost(tenantId),
    });
    this.#all.add(worker);
    this.#options.log.debug({ worker: worker.id, pid: worker.pid }, "worker starts");
    worker.ready.then(
      () => this.#offer(worker),
      (error) => {
        this.#options.log.error({ err: error, worker: worker.id }, "a worker did not start");
        // A pause, so that a broken installation does not become a storm of processes.
        setTimeout(() => void this.retire(worker), 1_000).unref();
      },
    );
  }

  // One that is lent out is left to whoever has it: only they know what it was doing.
  #discard(worker: WorkerProcess): void {
    const at = this.#idle.indexOf(worker);
    if (at < 0) return;
    this.#idle.splice(at, 1);
    const why = worker.unfit;
    this.#options.log.warn(
      { worker: worker.id, why },
      "a worker that had nothing to do is of no use and is replaced",
    );
    void this.retire(worker);
  }

  #offer(worker: WorkerProcess): void {
    // First those for whom its engines wait: another worker would start one anew.
    const own = this.#waiting.findIndex(({ tenantId }) => worker.ahead.has(tenantId));
    const [next] = this.#waiting.splice(Math.max(own, 0), 1);
    if (next) next.give(worker);
    else this.#idle.push(worker);
  }

  /**
   * Lends a worker for a tenant, if there is a choice the one where an engine waits for them; waits for one in order of
   * asking, until `signal` ends the wait.
   */
  async lend(tenantId: string, signal: AbortSignal): Promise<WorkerProcess | undefined> {
    if (signal.aborted) return undefined;
    const worker = this.#idleFor(tenantId) ?? (await this.#nextFor(tenantId, signal));
    for (const other of this.#all) if (other !== worker) other.endAhead(tenantId);
    return worker;
  }

  #idleFor(tenantId: string): WorkerProcess | undefined {
    const own = this.#idle.findIndex((worker) => worker.ahead.has(tenantId));
    return this.#idle.splice(Math.max(own, 0), 1)[0];
  }

  #nextFor(tenantId: string, signal: AbortSignal): Promise<WorkerProcess | undefined> {
    return new Promise((resolve) => {
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        resolve(undefined);
      };
      const waiting = {
        tenantId,
        give: (lent: WorkerProcess) => {
          signal.removeEventListener("abort", leave);
          resolve(lent);
        },
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(waiting);
    });
  }

  /** Tenants for whom an engine waits, or is being started. */
  ahead(): string[] {
    return [...this.#all].flatMap(({ ahead }) => [...ahead]);
  }

  /** Ends the engine that waits for a tenant, if there is one. */
  endAhead(tenantId: string): void {
    for (const worker of this.#all) worker.endAhead(tenantId);
  }

  /** Engines of a tenant that ended by themselves while they waited; `undefined` when none did. */
  lost(tenantId: string): LostEngines | undefined {
    return this.#lost.get(tenantId);
  }

  #noteLost(tenantId: string): void {
    const { count } = this.#lost.get(tenantId) ?? { count: 0 };
    this.#lost.set(tenantId, { count: count + 1, at: performance.now() });
    // The oldest go: stacks do not wait for ever.
    const [first] = this.#lost.keys();
    if (this.#lost.size > keptLosses && first !== undefined) this.#lost.delete(first);
    this.#options.log.warn(
      { tenant: tenantId, count: count + 1 },
      "an engine ended while it waited for its tenant",
    );
  }

  /** Lends a worker only when one has nothing to do; the one where the fewest engines wait. */
  lendIdle(): WorkerProcess | undefined {
    const fewest = Math.min(...this.#idle.map(({ ahead }) => ahead.size));
    const at = this.#idle.findIndex(({ ahead }) => ahead.size === fewest);
    return at < 0 ? undefined : this.#idle.splice(at, 1)[0];
  }

  /** Takes a worker back whose run succeeded. */
  giveBack(worker: WorkerProcess): void {
    if (worker.unfit || worker.runs >= this.#options.recycleAfter) void this.retire(worker);
    else this.#offer(worker);
  }

  /** Kills a worker's whole set, proves it dead and hires another. */
  async retire(worker: WorkerProcess): Promise<void> {
    if (!this.#all.delete(worker)) return;
    this.#hire();
    const burial = this.#options.bury(worker.id).finally(() => this.#burials.delete(burial));
    this.#burials.add(burial);
    await burial;
  }

  /** Resolves when none of its workers lives, those included that were retired before. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#all].map((worker) => this.retire(worker)));
    await Promise.all(this.#burials);
  }
}
