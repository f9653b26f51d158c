import type pg from "pg";

/** Runs work on a connection that others use at the same time. */
export type Pipeline = <T>(work: (client: pg.PoolClient) => Promise<T>) => Promise<T>;

interface Lent {
  client: Promise<pg.PoolClient>;
  users: number;
  isBroken: boolean;
}

/**
 * One connection for short statements that are frequent: all are sent as they come, without waiting for the answers of
 * those before, so that PostgreSQL is woken once for many. No transaction may run there: it would take in what others send.
 * @param pool of one connection, with `pipeline: true`
 * @param isBroken whether an error means that the connection is of no use any more
 */
export function createPipeline(pool: pg.Pool, isBroken: (error: unknown) => boolean): Pipeline {
  let lent: Lent | undefined;
  const begin = (): Lent => ({ client: pool.connect(), users: 0, isBroken: false });
  return async (work) => {
    lent ??= begin();
    const mine = lent;
    mine.users += 1;
    try {
      return await work(await mine.client);
    } catch (error) {
      if (isBroken(error)) {
        mine.isBroken = true;
        // Those who come from now on get another one.
        if (lent === mine) lent = undefined;
      }
      throw error;
    } finally {
      mine.users -= 1;
      if (mine.users === 0) {
        if (lent === mine) lent = undefined;
        await mine.client.then((client) => client.release(mine.isBroken)).catch(() => undefined);
      }
    }
  };
}
