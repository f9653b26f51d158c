import type pg from "pg";

/** Short statements on one connection that others use at the same time. */
export interface Pipeline {
  run<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T>;
  close(): void;
}

interface Lent {
  client: Promise<pg.PoolClient>;
  users: number;
  /** When it was last heard of, by `performance.now()`. */
  heardAt: number;
  isBroken: boolean;
}

/** Given up because of a statement that others might wait behind, or because what it has prepared is not known any more. */
class ConnectionGivenUp extends Error {
  override name = "ConnectionGivenUp";
  /** PostgreSQL's for a connection that cannot be used. */
  readonly code = "08000";
}

/** Statement ended (by its time, mostly); no such prepared statement; one too many. */
const unusable = new Set(["57014", "26000", "42P05"]);

/** Milliseconds in which no answer came, though some are waited for: longer than any statement may take. */
const silentMs = 7_000;

/**
 * One connection for short statements that are frequent: all are sent as they come, without waiting for the answers of
 * those before, so that PostgreSQL is woken once for many. No transaction may run there: it would take in what others send.
 * @param pool of one connection in use and one more, with `pipeline: true` and a time for each statement
 * @param isBroken whether an error means that the connection is of no use any more
 */
export function createPipeline(pool: pg.Pool, isBroken: (error: unknown) => boolean): Pipeline {
  let lent: Lent | undefined;
  const open = new Set<Lent>();
  const begin = (): Lent => {
    const begun = { client: pool.connect(), users: 0, heardAt: performance.now(), isBroken: false };
    open.add(begun);
    return begun;
  };
  const end = async (mine: Lent) => {
    if (lent === mine) lent = undefined;
    open.delete(mine);
    await mine.client.then((client) => client.release(mine.isBroken)).catch(() => undefined);
  };
  // One look now and then at all of them: a clock for each statement costs as much as sending it.
  const watch = setInterval(() => {
    for (const { client, heardAt } of open) {
      if (performance.now() - heardAt < silentMs) continue;
      client.then(({ connection }) => connection.stream.destroy()).catch(() => undefined);
    }
  }, 1_000).unref();
  return {
    async run(work) {
      lent ??= begin();
      const mine = lent;
      mine.users += 1;
      try {
        const result = await work(await mine.client);
        mine.heardAt = performance.now();
        return result;
      } catch (error) {
        const isUnusable = unusable.has((error as { code?: string }).code ?? "");
        if (!isUnusable && !isBroken(error)) {
          mine.heardAt = performance.now();
          throw error;
        }
        // Not heard of by this: else each of many behind one lock would wait for its own time, one after the other.
        mine.isBroken = true;
        // Those who come from now on get another one.
        if (lent === mine) lent = undefined;
        if (!isUnusable) throw error;
        throw new ConnectionGivenUp("PostgreSQL did not answer in time on a shared connection.", {
          cause: error,
        });
      } finally {
        mine.users -= 1;
        if (mine.users === 0) await end(mine);
      }
    },
    close() {
      clearInterval(watch);
    },
  };
}
