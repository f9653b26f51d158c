import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { connection, type DatabaseLogin } from "./database.ts";
import type { Logger } from "./observability/log.ts";

export interface Listener {
  /** Resolves once notifications arrive for the first time. */
  ready: Promise<void>;
  close(): Promise<void>;
}

const firstPauseMs = 100;
const longestPauseMs = 2_000;
const usualHeartbeatMs = 10_000;

/**
 * Listens on channels over a connection of its own and connects again when it breaks. Whatever was
 * notified in between is lost, so `onConnect` runs after every connect: look at the tables there.
 */
export function listen(options: {
  login: DatabaseLogin;
  name: string;
  channels: string[];
  /** Statements to run after every connect. */
  session?: string[];
  onNotify: (channel: string, payload: string) => void;
  onConnect: () => void;
  /** Milliseconds between two signs of life. */
  heartbeatMs?: number;
  log: Logger;
}): Listener {
  const stop = new AbortController();
  const ready = Promise.withResolvers<void>();
  const run = async () => {
    let pause = firstPauseMs;
    while (!stop.signal.aborted) {
      try {
        await listenOnce(options, stop.signal, () => {
          pause = firstPauseMs;
          ready.resolve();
        });
      } catch (error) {
        options.log.warn(
          { err: error, channels: options.channels },
          "not listening to the database; trying again",
        );
      }
      if (stop.signal.aborted) break;
      await delay(pause, undefined, { signal: stop.signal }).catch(() => undefined);
      pause = Math.min(pause * 2, longestPauseMs);
    }
  };
  const running = run();
  return {
    ready: ready.promise,
    async close() {
      stop.abort();
      ready.resolve();
      await running;
    },
  };
}

/** Resolves when `signal` ends it, rejects when the connection breaks. */
async function listenOnce(
  options: Parameters<typeof listen>[0],
  signal: AbortSignal,
  onListening: () => void,
): Promise<void> {
  const client = new pg.Client({ ...connection(options.login, options.name), query_timeout: 5_000 });
  const broken = Promise.withResolvers<void>();
  client.on("error", broken.reject);
  client.on("end", () => broken.reject(new Error("The connection ended.")));
  client.on("notification", ({ channel, payload }) => options.onNotify(channel, payload ?? ""));
  // Without a query now and then a connection cut without a word looks like a quiet one.
  const heartbeat = setInterval(
    () => client.query("select 1").catch(broken.reject),
    options.heartbeatMs ?? usualHeartbeatMs,
  );
  const end = () => broken.resolve();
  signal.addEventListener("abort", end, { once: true });
  broken.promise.catch(() => undefined);
  try {
    await client.connect();
    for (const channel of options.channels) await client.query(`listen ${pg.escapeIdentifier(channel)}`);
    for (const statement of options.session ?? []) await client.query(statement);
    onListening();
    options.onConnect();
    await broken.promise;
  } finally {
    clearInterval(heartbeat);
    signal.removeEventListener("abort", end);
    await client.end().catch(() => undefined);
  }
}
