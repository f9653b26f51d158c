import { setTimeout as pause } from "node:timers/promises";
import type pg from "pg";
import { Failure } from "../failure.ts";
import { quote } from "../postgres.ts";

const deadlineMs = 10_000;
const everyMs = 10;

/**
 * Forbids new connections to a database and ends those it has, so that a plain DROP DATABASE works while
 * somebody is in psql. A database that is not there is closed already.
 * @param client a connection to another database, as a superuser
 */
export async function closeDatabase(client: pg.Client, database: string): Promise<void> {
  const found = await client.query("SELECT FROM pg_database WHERE datname = $1", [database]);
  if (found.rowCount === 0) return;
  await client.query(`ALTER DATABASE ${quote(database)} WITH ALLOW_CONNECTIONS false`);
  const end = performance.now() + deadlineMs;
  for (;;) {
    const left = await client.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
      [database],
    );
    if (left.rowCount === 0) return;
    if (performance.now() > end) {
      throw new Failure(
        `${left.rowCount} sessions on database ${database} do not end. End them, then try again.`,
      );
    }
    await pause(everyMs);
  }
}
