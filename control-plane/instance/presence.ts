import { sql } from "drizzle-orm";
import type { DatabaseLogin, Queries } from "../database.ts";
import { BerthError } from "../errors.ts";
import { type Listener, listen } from "../listen.ts";
import type { Logger } from "../observability/log.ts";

/** Any number that nothing else in this database locks. */
const presenceLock = 7_316_203;

/** Milliseconds between two signs of life, and how many without one mean that a provisioner is held up. */
const heartbeatMs = 2_000;
const silentMs = 8_000;

/**
 * Lets the instance service see that a provisioner takes work, until closed. It is a lock held by a
 * connection: it goes when the process does, however it ends. One that is held up sends no sign of life over it.
 */
export function announceProvisioner(options: { login: DatabaseLogin; log: Logger }): Listener {
  return listen({
    ...options,
    name: "berth provisioner",
    channels: [],
    heartbeatMs,
    session: [`select pg_advisory_lock_shared(${presenceLock})`],
    onNotify: () => undefined,
    onConnect: () => undefined,
  });
}

/** Milliseconds it took to see that a provisioner is there; throws `service_unavailable` when none is. */
export async function checkProvisioner(db: Queries): Promise<number> {
  const from = performance.now();
  const { rows } = await db.execute<{ there: boolean }>(sql`
    select exists (
      select from pg_locks l join pg_database d on d.oid = l.database join pg_stat_activity a on a.pid = l.pid
      where l.locktype = 'advisory' and l.objid = ${presenceLock} and l.granted and d.datname = current_database()
        and a.state_change > clock_timestamp() - ${`${silentMs} milliseconds`}::interval
    ) as there`);
  if (!rows[0]?.there) {
    throw new BerthError("service_unavailable", "No provisioner takes work. Operations wait until one does.");
  }
  return performance.now() - from;
}
