/** Hands what PostgreSQL notifies to those who wait for it in this process. */
export interface Signals {
  /** Wakes those who wait for `key`; without a key, everybody. */
  fire(key?: string): void;
  subscribe(key: string): Subscription;
  /** Nothing more will be told: whoever waits is woken, and nobody waits again. */
  end(): void;
  readonly ended: boolean;
}

interface Subscription {
  /**
   * Resolves `true` once the key was fired since the last call, at once if that is so already;
   * `false` after `timeoutMs` or when `signal` aborts.
   */
  next(timeoutMs: number, signal?: AbortSignal): Promise<boolean>;
  close(): void;
}

export function createSignals(): Signals {
  const subscribers = new Map<string, Set<() => void>>();
  let ended = false;
  const fire: Signals["fire"] = (key) => {
    const keys = key === undefined ? [...subscribers.keys()] : [key];
    for (const each of keys) for (const wake of [...(subscribers.get(each) ?? [])]) wake();
  };
  return {
    fire,
    end() {
      ended = true;
      fire();
    },
    get ended() {
      return ended;
    },
    subscribe(key) {
      let fired = false;
      let waiting: (() => void) | undefined;
      const wake = () => {
        fired = true;
        waiting?.();
      };
      const others = subscribers.get(key) ?? new Set();
      subscribers.set(key, others.add(wake));
      return {
        async next(timeoutMs, signal) {
          if (!fired && !ended && !signal?.aborted) {
            await new Promise<void>((resolve) => {
              const timer = setTimeout(resolve, timeoutMs);
              const done = () => {
                clearTimeout(timer);
                signal?.removeEventListener("abort", done);
                resolve();
              };
              waiting = done;
              signal?.addEventListener("abort", done, { once: true });
            });
            waiting = undefined;
          }
          const was = fired;
          fired = false;
          return was;
        },
        close() {
          others.delete(wake);
          if (others.size === 0) subscribers.delete(key);
        },
      };
    },
  };
}
