import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { connection, type DatabaseLogin } from "../../database.ts";

/**
 * Ends what a dead process still has running inside PostgreSQL and returns once nothing of it is left: a
 * session outlives its client until it next speaks to it, and would write a checkpoint long after the kill.
 * @param servers logins that may end any session
 * @param prefix with which the names of the sessions begin (see `sessionName`)
 */
export async function endSessions(servers: DatabaseLogin[], prefix: string): Promise<void> {
  await Promise.all(servers.map((server) => endOn(server, prefix)));
}

async function endOn(server: DatabaseLogin, prefix: string): Promise<void> {
  const client = new pg.Client(connection(server, "berth provisioner"));
  client.on("error", () => undefined);
  await client.connect();
  try {
    for (;;) {
      const found = await client.query(
        "select pg_terminate_backend(pid, 1000) from pg_stat_activity where starts_with(application_name, $1)",
        [prefix],
      );
      if (found.rowCount === 0) return;
      await delay(10);
    }
  } finally {
    await client.end().catch(() => undefined);
  }
}
